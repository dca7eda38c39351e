/** TFTP's packets (RFC 1350, 2347) ⇄ values. Texts are one character per byte, as they stand on the wire. */

export type Option = readonly [name: string, value: string];

export interface Request {
  readonly type: 'read' | 'write';
  readonly file: string;
  readonly mode: string;
  /** In the client's order and spelling; the first of several with one name. */
  readonly options: readonly Option[];
}

export type Packet =
  | Request
  | { readonly type: 'data'; readonly block: number; readonly data: Uint8Array }
  | { readonly type: 'acknowledgement'; readonly block: number }
  | { readonly type: 'error'; readonly code: number; readonly text: string }
  | { readonly type: 'options'; readonly options: readonly Option[] }
  /** A request whose file name or mode does not end inside the packet. */
  | { readonly type: 'malformed' }
  | { readonly type: 'unknown' };

export const errorCodes = {
  other: 0,
  notFound: 1,
  accessViolation: 2,
  illegalOperation: 4,
  unknownTransfer: 5,
} as const;

const operations = { read: 1, write: 2, data: 3, acknowledgement: 4, error: 5, options: 6 } as const;
export const dataOperation = operations.data;
const longestErrorText = 128;

/** Never throws; what is no TFTP packet is `unknown`. */
export function decodePacket(bytes: Uint8Array): Packet {
  if (bytes.length < 4) return { type: 'unknown' };
  const operation = (bytes[0]! << 8) | bytes[1]!;
  const number = (bytes[2]! << 8) | bytes[3]!;
  switch (operation) {
    case operations.read:
    case operations.write:
      return decodeRequest(operation === operations.read ? 'read' : 'write', bytes);
    case operations.data:
      return { type: 'data', block: number, data: bytes.subarray(4) };
    case operations.acknowledgement:
      return { type: 'acknowledgement', block: number };
    case operations.error:
      return { type: 'error', code: number, text: textAt(bytes, 4)?.text ?? latin1(bytes.subarray(4)) };
    case operations.options:
      return { type: 'options', options: decodeOptions(bytes, 2) };
    default:
      return { type: 'unknown' };
  }
}

function decodeRequest(type: 'read' | 'write', bytes: Uint8Array): Packet {
  const file = textAt(bytes, 2);
  const mode = file === undefined ? undefined : textAt(bytes, file.end);
  if (file === undefined || mode === undefined || file.text === '' || mode.text === '') return { type: 'malformed' };
  return { type, file: file.text, mode: mode.text, options: decodeOptions(bytes, mode.end) };
}

/** ROMs append padding and junk: whatever is no pair of texts ends the list, and what came before it counts. */
function decodeOptions(bytes: Uint8Array, start: number): Option[] {
  const options: Option[] = [];
  const seen = new Set<string>();
  for (let at = start; at < bytes.length; ) {
    const name = textAt(bytes, at);
    if (name === undefined || name.text === '') break;
    const value = textAt(bytes, name.end);
    if (value === undefined) break;
    at = value.end;
    const key = name.text.toLowerCase();
    if (!seen.has(key)) options.push([name.text, value.text]);
    seen.add(key);
  }
  return options;
}

function textAt(bytes: Uint8Array, start: number): { text: string; end: number } | undefined {
  const end = bytes.indexOf(0, start);
  return end < 0 ? undefined : { text: latin1(bytes.subarray(start, end)), end: end + 1 };
}

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');

/** @param packet texts hold no NUL and no character above 255 */
export function encodePacket(packet: Exclude<Packet, { type: 'malformed' | 'unknown' }>): Uint8Array {
  const operation = operations[packet.type];
  switch (packet.type) {
    case 'read':
    case 'write':
      return withTexts(operation, [packet.file, packet.mode, ...packet.options.flat()]);
    case 'options':
      return withTexts(operation, packet.options.flat());
    case 'acknowledgement':
      return Uint8Array.of(0, operation, packet.block >> 8, packet.block);
    case 'data':
      return Buffer.concat([Uint8Array.of(0, operation, packet.block >> 8, packet.block), packet.data]);
    case 'error':
      return Buffer.concat([Uint8Array.of(0, operation, packet.code >> 8, packet.code), terminated(packet.text)]);
  }
}

/** An error for a client: its text printable and short, whatever it was made from. */
export function errorPacket(code: number, text: string): Uint8Array {
  const printable = text.replace(/[^\x20-\x7e]/g, '?').slice(0, longestErrorText);
  return encodePacket({ type: 'error', code, text: printable });
}

const terminated = (text: string): Buffer => Buffer.from(`${text}\0`, 'latin1');
const withTexts = (operation: number, texts: readonly string[]): Uint8Array =>
  Buffer.concat([Uint8Array.of(0, operation), ...texts.map(terminated)]);
