/**
 * POSIX.1-2001 archives (pax) as far as plain files need them, so that every tar opens what we write. A size that does
 * not fit into 11 octal digits (8 GiB) gets an extended header.
 */
const blockLength = 512;
const largestOctal = 0o77777777777;

export interface TarEntry {
  /** Up to 100 ASCII characters. */
  readonly name: string;
  readonly size: number;
  /** Seconds since 1970. */
  readonly modified: number;
  /** A program, mode 0755 instead of 0644; not read back. */
  readonly executable?: boolean;
}

/** Something is wrong with the archive; whoever knows its name makes an error of it. */
export class TarFault extends Error {}

/** What stands in front of an entry's bytes. */
export function tarHeader({ name, size, modified, executable = false }: TarEntry): Uint8Array {
  if (!/^[\x21-\x7e]{1,100}$/.test(name)) throw new Error(`not a name for an archive: ${name}`);
  const mode = executable ? 0o755 : 0o644;
  if (size <= largestOctal) return header(name, size, modified, '0', mode);
  const record = extendedRecord('size', String(size));
  return Buffer.concat([
    header('pax', record.length, modified, 'x'),
    record,
    tarPadding(record.length),
    // Readers that know no extended headers get the low digits, and see that the archive goes on differently.
    header(name, size % (largestOctal + 1), modified, '0', mode),
  ]);
}

/** Fills an entry up to a whole block. */
export function tarPadding(size: number): Uint8Array {
  return Buffer.alloc((blockLength - (size % blockLength)) % blockLength);
}

/** Two empty blocks. */
export function tarEnd(): Uint8Array {
  return Buffer.alloc(2 * blockLength);
}

/**
 * The entries of an archive, one after the other. Bytes that the caller left are skipped. Plain files only: anything else
 * has no business in an archive of ours.
 *
 * @throws TarFault
 */
export async function* readTar(
  archive: AsyncIterable<Uint8Array>,
): AsyncGenerator<TarEntry & { readonly bytes: AsyncIterable<Uint8Array> }> {
  const source = new ByteSource(archive);
  try {
    for (let size: number | undefined; ; ) {
      const block = await source.take(blockLength);
      if (block.every((byte) => byte === 0)) return;
      const entry = parseHeader(block);
      if (entry.type === 'x') {
        if (entry.size > 64 * 1024) throw new TarFault('an extended header is too long');
        size = extendedSize(await source.take(entry.size));
        await source.take(tarPadding(entry.size).length);
        continue;
      }
      if (entry.type !== '0') throw new TarFault(`${entry.name} is not a plain file`);
      const actual = size ?? entry.size;
      size = undefined;
      const limited = source.limited(actual);
      yield { name: entry.name, size: actual, modified: entry.modified, bytes: limited };
      for await (const _rest of limited) {
        // Skipped.
      }
      await source.take(tarPadding(actual).length);
    }
  } finally {
    await source.close();
  }
}

function header(name: string, size: number, modified: number, type: '0' | 'x', mode = 0o644): Uint8Array {
  const block = Buffer.alloc(blockLength);
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`;
  block.write(name, 0, 'latin1');
  block.write(octal(mode, 7) + octal(0, 7) + octal(0, 7) + octal(size, 11) + octal(modified, 11), 100, 'latin1');
  block.write(`        ${type}`, 148, 'latin1');
  block.write('ustar\u000000', 257, 'latin1');
  block.write(`${checksum(block).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** The sum of all bytes, those of the sum itself counted as spaces. */
function checksum(block: Uint8Array): number {
  return block.reduce((sum, byte, index) => sum + (index >= 148 && index < 156 ? 32 : byte), 0);
}

/** `length key=value\n`, where the length counts itself. */
function extendedRecord(key: string, value: string): Uint8Array {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length += 1;
  return Buffer.from(`${length}${rest}`);
}

function parseHeader(block: Buffer): TarEntry & { readonly type: string } {
  const text = (start: number, length: number): string =>
    block.toString('latin1', start, start + length).replace(/\0.*$/s, '');
  const number = (start: number, length: number): number => {
    const digits = text(start, length).trim();
    if (!/^[0-7]+$/.test(digits)) throw new TarFault('a header holds no number where one has to be');
    return Number.parseInt(digits, 8);
  };
  if (text(257, 5) !== 'ustar') throw new TarFault('it is not a POSIX archive');
  if (number(148, 8) !== checksum(block)) throw new TarFault('the checksum of a header is wrong');
  const type = block[156] === 0 ? '0' : text(156, 1);
  return { name: text(0, 100), size: number(124, 12), modified: number(136, 12), type };
}

function extendedSize(records: Buffer): number | undefined {
  const [, digits] = /(?:^|\n)\d+ size=(\d{1,15})\n/.exec(records.toString('latin1')) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** Bytes of a stream in the portions one asks for. */
class ByteSource {
  private readonly pieces: AsyncIterator<Uint8Array>;
  private rest: Uint8Array = new Uint8Array(0);

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.pieces = pieces[Symbol.asyncIterator]();
  }

  async take(length: number): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    for await (const part of this.limited(length)) parts.push(Uint8Array.from(part));
    return Buffer.concat(parts);
  }

  /** The next bytes, piece by piece; goes on where it was left when iterated again. */
  limited(length: number): AsyncIterable<Uint8Array> {
    let left = length;
    const next = async (): Promise<IteratorResult<Uint8Array>> => {
      if (left === 0) return { done: true, value: undefined };
      while (this.rest.length === 0) {
        const { done, value } = await this.pieces.next();
        if (done === true) throw new TarFault('it ends too early');
        this.rest = value;
      }
      const piece = this.rest.subarray(0, left);
      this.rest = this.rest.subarray(piece.length);
      left -= piece.length;
      return { done: false, value: piece };
    };
    return { [Symbol.asyncIterator]: () => ({ next }) };
  }

  async close(): Promise<void> {
    await this.pieces.return?.();
  }
}
