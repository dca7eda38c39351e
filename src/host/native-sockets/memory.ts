import type { Libc } from './libc.ts';

/**
 * Memory that structures for the kernel may point into. It is shared memory because that can neither be moved nor be
 * detached, whatever is done with its views: an address stays good as long as this object lives.
 */
export class NativeMemory {
  readonly bytes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #address: number;

  constructor(libc: Pick<Libc, 'addressOf'>, size: number) {
    const memory = new SharedArrayBuffer(Math.ceil(size / 8) * 8);
    this.bytes = new Uint8Array(memory);
    this.#words = new Uint32Array(memory);
    // User addresses have 47 bits (56 with tags on arm64, which V8 does not use here): exact as a number.
    this.#address = Number(libc.addressOf(memory));
  }

  get size(): number {
    return this.bytes.length;
  }

  /** @throws RangeError for a piece that does not lie inside */
  check(offset: number, length: number): void {
    if (
      !Number.isInteger(offset) ||
      !Number.isInteger(length) ||
      offset < 0 ||
      length < 0 ||
      offset + length > this.size
    ) {
      throw new RangeError(`${length} bytes at ${offset} are not inside memory of ${this.size} bytes`);
    }
  }

  /** Writes a 32-bit number of the machine's byte order. */
  word(at: number, value: number): void {
    this.#words[at >> 2] = value;
  }

  readWord(at: number): number {
    return this.#words[at >> 2]!;
  }

  /** Writes a 64-bit number below 2^53. */
  long(at: number, value: number): void {
    this.#words[at >> 2] = value;
    this.#words[(at >> 2) + 1] = value / 0x1_0000_0000;
  }

  /** Writes the address of a checked piece of `target`. */
  pointer(at: number, target: NativeMemory, offset: number, length: number): void {
    target.check(offset, length);
    this.long(at, target.#address + offset);
  }
}
