/** What a person pressed, after terminals' escape sequences have been taken apart. */
export type Key = { readonly kind: 'text'; readonly text: string } | { readonly kind: NamedKey };

export type NamedKey = 'enter' | 'escape' | 'backspace' | 'delete' | 'tab' | 'f1' | 'f2' | 'interrupt' | 'clear-line';

/**
 * F2 is `ESC [ [ B` on the Linux console, `ESC O Q` on vt100 and xterm, `ESC [ 1 2 ~` on vt220 and rxvt; firmware
 * that redirects its console over serial lines (Redfish, IPMI) sends `ESC 2`, which is not listed here because it
 * cannot be told from Escape followed by the digit.
 */
const sequences: ReadonlyMap<string, NamedKey> = new Map([
  ['[[A', 'f1'],
  ['OP', 'f1'],
  ['[11~', 'f1'],
  ['[[B', 'f2'],
  ['OQ', 'f2'],
  ['[12~', 'f2'],
  ['[1Q', 'f2'],
  ['[3~', 'delete'],
]);

const controls: ReadonlyMap<number, NamedKey> = new Map([
  [0x03, 'interrupt'],
  [0x08, 'backspace'],
  [0x09, 'tab'],
  [0x0a, 'enter'],
  [0x0d, 'enter'],
  [0x15, 'clear-line'],
  [0x7f, 'backspace'],
]);

const escapeByte = 0x1b;

/** Turns the bytes of one terminal into keys. Characters and escape sequences may arrive in pieces. */
export class KeyDecoder {
  #pending: number[] = [];
  #afterReturn = false;

  /** Keys that are complete now. */
  feed(bytes: Uint8Array): Key[] {
    this.#pending.push(...bytes);
    const keys: Key[] = [];
    for (;;) {
      // A terminal that sends CR LF for Enter would otherwise answer two questions at once.
      if (this.#afterReturn && this.#pending[0] === 0x0a) this.#pending.shift();
      const step = decodeOne(this.#pending);
      if (step === undefined) return keys;
      this.#afterReturn = this.#pending[0] === 0x0d;
      this.#pending = this.#pending.slice(step.length);
      if (step.key !== undefined) keys.push(step.key);
    }
  }

  /** True while an Escape waits for what may follow it. */
  get undecided(): boolean {
    return this.#pending[0] === escapeByte;
  }

  /** Nothing followed in time: a lone Escape was the Escape key, the start of anything else is dropped. */
  flush(): Key[] {
    const pending = this.#pending;
    this.#pending = [];
    if (pending[0] !== escapeByte) return [];
    const rest = new KeyDecoder();
    return pending.length === 1 ? [{ kind: 'escape' }] : rest.feed(Uint8Array.from(pending.slice(2)));
  }
}

interface Decoded {
  readonly key?: Key;
  readonly length: number;
}

/** The first key in `bytes`, `undefined` while it is not complete. */
function decodeOne(bytes: readonly number[]): Decoded | undefined {
  const first = bytes[0];
  if (first === undefined) return undefined;
  if (first === escapeByte) return decodeEscape(bytes);
  const named = controls.get(first);
  if (named !== undefined) return { key: { kind: named }, length: 1 };
  if (first < 0x20) return { length: 1 };
  return decodeCharacter(bytes, first);
}

function decodeEscape(bytes: readonly number[]): Decoded | undefined {
  const introducer = bytes[1];
  if (introducer === undefined) return undefined;
  if (introducer === escapeByte) return { key: { kind: 'escape' }, length: 1 };
  if (introducer === 0x4f) {
    if (bytes[2] === undefined) return undefined;
    return named(bytes, 3);
  }
  // Alt and a key: nobody means Escape by it.
  if (introducer !== 0x5b) return { length: 2 };
  if (bytes[2] === 0x5b) return bytes[3] === undefined ? undefined : named(bytes, 4);
  for (let index = 2; index < bytes.length; index += 1) {
    const byte = bytes[index] ?? 0;
    if (byte >= 0x40 && byte <= 0x7e) return named(bytes, index + 1);
    if (byte < 0x20 || byte > 0x3f || index > 16) return { length: index };
  }
  return undefined;
}

function named(bytes: readonly number[], length: number): Decoded {
  // Modifiers (`ESC [ 1 ; 2 Q` is Shift-F2) do not change what these keys mean here.
  const text = String.fromCharCode(...bytes.slice(1, length)).replace(/;\d+/, '');
  const kind = sequences.get(text);
  return kind === undefined ? { length } : { key: { kind }, length };
}

function decodeCharacter(bytes: readonly number[], first: number): Decoded | undefined {
  const length = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (length === 0) return { length: 1 };
  for (let index = 1; index < length; index += 1) {
    const byte = bytes[index];
    if (byte === undefined) return undefined;
    if ((byte & 0xc0) !== 0x80) return { length: index };
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      Uint8Array.from(bytes.slice(0, length)),
    );
    return { key: { kind: 'text', text }, length };
  } catch {
    return { length };
  }
}
