import { BootwrightError } from '../model/error.ts';

/** One recipient of an age file (age-encryption.org/v1): `-> type argument…` and a body. */
export interface AgeStanza {
  readonly type: string;
  readonly args: readonly string[];
  readonly body: Uint8Array;
}

export interface AgeHeader {
  readonly stanzas: readonly AgeStanza[];
  /** HMAC-SHA-256 over `authenticated`. */
  readonly mac: Uint8Array;
  /** The header up to and with `---`, as it lies in the file. */
  readonly authenticated: Uint8Array;
  /** Offset of the first byte behind the header. */
  readonly end: number;
}

const firstLine = 'age-encryption.org/v1';
/** Far above any real header (a recipient takes about 100 bytes), far below what would hurt. */
const longestHeader = 64 * 1024;
const columns = 64;

/** The bytes the MAC covers. */
export function serialiseAgeStanzas(stanzas: readonly AgeStanza[]): Uint8Array {
  const lines = stanzas.flatMap(({ type, args, body }) => {
    const text = encodeBase64(body);
    // A body ends with a line shorter than 64 letters, an empty one if need be.
    const wrapped = Array.from({ length: Math.floor(text.length / columns) + 1 }, (_, row) =>
      text.slice(row * columns, (row + 1) * columns),
    );
    return [`-> ${[type, ...args].join(' ')}`, ...wrapped];
  });
  return Buffer.from([firstLine, ...lines, '---'].join('\n'));
}

export function serialiseAgeMac(mac: Uint8Array): Uint8Array {
  return Buffer.from(` ${encodeBase64(mac)}\n`);
}

/** Reads the header strictly as the specification says. Proves nothing yet: the MAC needs the file key. @throws BW-TRUST-015 */
export function parseAgeHeader(file: Uint8Array): AgeHeader {
  const text = Buffer.from(file.subarray(0, longestHeader)).toString('latin1');
  const stanzas: AgeStanza[] = [];
  let position = 0;
  const nextLine = (): string => {
    const end = text.indexOf('\n', position);
    if (end < 0) throw damaged('it ends inside its header');
    const line = text.slice(position, end);
    position = end + 1;
    return line;
  };
  if (nextLine() !== firstLine) throw damaged('it does not start as age files do');
  for (;;) {
    const start = position;
    const line = nextLine();
    if (line.startsWith('--- ')) {
      const authenticated = file.subarray(0, start + 3);
      return { stanzas, mac: decodeBase64(line.slice(4), 32), authenticated, end: position };
    }
    const [arrow, type, ...args] = line.split(' ');
    if (arrow !== '->' || type === undefined || ![type, ...args].every((word) => /^[\x21-\x7e]+$/.test(word)))
      throw damaged('a recipient line is malformed');
    let body = '';
    let row: string;
    do {
      row = nextLine();
      if (row.length > columns) throw damaged('a recipient has an overlong line');
      body += row;
    } while (row.length === columns);
    stanzas.push({ type, args, body: decodeBase64(body) });
  }
}

/** Without padding, as age writes it. */
export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '');
}

/** Only the canonical form is accepted: other spellings of the same bytes would make files malleable. */
export function decodeBase64(text: string, length?: number): Uint8Array {
  const bytes = Buffer.from(text, 'base64');
  if (encodeBase64(bytes) !== text || (length !== undefined && bytes.length !== length))
    throw damaged('a value in its header is not canonical base64 of the right length');
  return bytes;
}

function damaged(why: string): BootwrightError {
  return new BootwrightError('BW-TRUST-015', `The encrypted file is damaged: ${why}.`);
}
