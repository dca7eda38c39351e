import type { Libc } from './libc.ts';
import { linux } from './linux.ts';
import { NativeMemory } from './memory.ts';

const headerSize = 64;
const messageRoom = linux.UDP_MAX_SEGMENTS;
const pieceRoom = 4 * messageRoom;
const controlRoom = 128;
// Where in the batch's memory: the headers of single datagrams, the one header of all, pieces, words, address, control.
const singleAt = messageRoom * headerSize;
const vectorsAt = singleAt + headerSize;
const wordsAt = vectorsAt + pieceRoom * 16;
const addressAt = wordsAt + pieceRoom * 4;
const controlAt = addressAt + 32;

/** Most bytes that one IPv4 datagram carries, and so one send that the kernel cuts into segments. */
export const longestSend = 65_507;

/**
 * Datagrams that are put together out of pieces of memory, without copying, and leave with one system call. Everything is
 * checked when it is put in, so that the kernel is never shown memory that is not ours.
 */
export class SendBatch {
  readonly #libc: Libc;
  readonly #memory: NativeMemory;
  /** Kept so that the memory a batch points into lives as long as the batch does. */
  readonly #targets = new Set<NativeMemory>();
  readonly #lengths = new Uint32Array(messageRoom);
  readonly #firstPiece = new Uint16Array(messageRoom + 1);
  #messages = 0;
  #pieces = 0;

  constructor(libc: Libc) {
    this.#libc = libc;
    this.#memory = new NativeMemory(libc, controlAt + controlRoom);
  }

  get count(): number {
    return this.#messages;
  }

  clear(): this {
    this.#messages = 0;
    this.#pieces = 0;
    return this;
  }

  /** Begins a datagram. @throws RangeError when there is no room for one more */
  begin(): this {
    if (this.#messages === messageRoom) throw new RangeError(`a batch holds ${messageRoom} datagrams`);
    this.#lengths[this.#messages] = 0;
    this.#firstPiece[this.#messages] = this.#pieces;
    this.#messages += 1;
    this.#firstPiece[this.#messages] = this.#pieces;
    return this;
  }

  /** Adds four bytes, most significant first. */
  word(value: number): this {
    const at = wordsAt + this.#pieces * 4;
    const { bytes } = this.#memory;
    this.piece(this.#memory, at, 4);
    bytes[at] = value >>> 24;
    bytes[at + 1] = value >>> 16;
    bytes[at + 2] = value >>> 8;
    bytes[at + 3] = value;
    return this;
  }

  /** Adds a piece of memory to the datagram begun last. @throws RangeError for pieces outside and for too many or too long ones */
  piece(memory: NativeMemory, offset: number, length: number): this {
    if (this.#messages === 0) throw new RangeError('no datagram is begun');
    if (this.#pieces === pieceRoom) throw new RangeError(`a batch holds ${pieceRoom} pieces`);
    const message = this.#messages - 1;
    const vector = vectorsAt + this.#pieces * 16;
    this.#memory.pointer(vector, memory, offset, length);
    if (this.#lengths[message]! + length > longestSend) throw new RangeError(`a datagram has ${longestSend} bytes`);
    this.#memory.long(vector + 8, length);
    if (memory !== this.#memory) this.#targets.add(memory);
    this.#lengths[message]! += length;
    this.#pieces += 1;
    this.#firstPiece[this.#messages] = this.#pieces;
    return this;
  }

  /**
   * @internal All datagrams by one send that the kernel cuts apart; the number of datagrams or the negative error number.
   * @throws RangeError where they are not all of the same length (the last may be shorter), or together too long
   */
  sendSegmented(descriptor: number, to: Uint8Array, control: Uint8Array): number {
    if (this.#messages === 0) return 0;
    const length = this.#lengths[0]!;
    let total = 0;
    for (let message = 0; message < this.#messages; message += 1) {
      const here = this.#lengths[message]!;
      if (message < this.#messages - 1 ? here !== length : here > length || here === 0) {
        throw new RangeError('segments are equally long, and only the last is shorter');
      }
      total += here;
    }
    if (total > longestSend) throw new RangeError(`one send has ${longestSend} bytes`);
    const at = singleAt;
    this.#header(at, 0, this.#pieces, to, this.#writeControl(control));
    const sent = this.#libc.sendmsg(
      descriptor,
      this.#memory.bytes.subarray(at, at + headerSize),
      linux.MSG_DONTWAIT | linux.MSG_NOSIGNAL,
    );
    return sent < 0 ? sent : this.#messages;
  }

  /** @internal Each datagram by itself, all in one call; how many left, or the negative error number. */
  sendEach(descriptor: number, to: Uint8Array, control: Uint8Array): number {
    if (this.#messages === 0) return 0;
    const controlLength = this.#writeControl(control);
    for (let message = 0; message < this.#messages; message += 1) {
      const first = this.#firstPiece[message]!;
      this.#header(message * headerSize, first, this.#firstPiece[message + 1]! - first, to, controlLength);
    }
    return this.#libc.sendmmsg(descriptor, this.#memory.bytes, this.#messages, linux.MSG_DONTWAIT | linux.MSG_NOSIGNAL);
  }

  #writeControl(control: Uint8Array): number {
    if (control.length > controlRoom) throw new RangeError(`${controlRoom} bytes of control messages`);
    this.#memory.bytes.set(control, controlAt);
    return control.length;
  }

  #header(at: number, firstPiece: number, pieces: number, to: Uint8Array, controlLength: number): void {
    const memory = this.#memory;
    if (to.length > 28) throw new RangeError('a socket address has 28 bytes');
    memory.bytes.set(to, addressAt);
    memory.pointer(at, memory, addressAt, 32);
    memory.word(at + 8, to.length);
    memory.pointer(at + 16, memory, vectorsAt + firstPiece * 16, pieces * 16);
    memory.long(at + 24, pieces);
    if (controlLength === 0) memory.long(at + 32, 0);
    else memory.pointer(at + 32, memory, controlAt, controlLength);
    memory.long(at + 40, controlLength);
    memory.word(at + 48, 0);
    memory.word(at + 56, 0);
  }
}
