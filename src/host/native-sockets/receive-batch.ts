import { type ControlMessage, decodeControl, type PacketInformation, packetInformation } from './control.ts';
import type { Libc } from './libc.ts';
import { errno, linux } from './linux.ts';
import { NativeMemory } from './memory.ts';
import { decodeSocketAddress, type SocketAddress, socketAddressSize } from './socket-address.ts';

const headerSize = 64; // mmsghdr: msghdr of 56 bytes, its length, padding
const addressRoom = 32;
const controlRoom = 128;

/**
 * Room for many datagrams that one system call fetches. A batch serves any number of sockets of one thread, one after the
 * other; what it holds is good until the next call.
 */
export class ReceiveBatch {
  readonly #libc: Libc;
  readonly #memory: NativeMemory;
  readonly #count: number;
  readonly #size: number;
  readonly #addresses: number;
  readonly #controls: number;
  readonly #data: number;
  #used: number;

  /** @param size longest datagram that is received whole */
  constructor(libc: Libc, count: number, size: number) {
    this.#libc = libc;
    this.#count = count;
    this.#size = size;
    const vectors = count * headerSize;
    this.#addresses = vectors + count * 16;
    this.#controls = this.#addresses + count * addressRoom;
    this.#data = this.#controls + count * controlRoom;
    this.#memory = new NativeMemory(libc, this.#data + count * size);
    this.#used = count;
    const memory = this.#memory;
    for (let index = 0; index < count; index += 1) {
      const header = index * headerSize;
      const vector = vectors + index * 16;
      memory.pointer(header, memory, this.#addresses + index * addressRoom, addressRoom);
      memory.pointer(header + 16, memory, vector, 16);
      memory.long(header + 24, 1);
      memory.pointer(header + 32, memory, this.#controls + index * controlRoom, controlRoom);
      memory.pointer(vector, memory, this.#data + index * size, size);
      memory.long(vector + 8, size);
    }
  }

  /** @internal How many datagrams came; 0 when there is none, else the negative error number. */
  receive(descriptor: number): number {
    this.#reset();
    const got = this.#libc.recvmmsg(descriptor, this.#memory.bytes, this.#count, linux.MSG_DONTWAIT);
    this.#used = Math.max(got, 0);
    return got === -errno.EAGAIN || got === -errno.EINTR ? 0 : got;
  }

  /** @internal One report about an earlier send, as the first entry of the batch. */
  receiveReport(descriptor: number): boolean {
    this.#reset();
    this.#used = 1;
    return this.#libc.recvmsg(descriptor, this.#memory.bytes, linux.MSG_ERRQUEUE | linux.MSG_DONTWAIT) >= 0;
  }

  /** The kernel overwrote these with what it filled. */
  #reset(): void {
    for (let index = 0; index < this.#used; index += 1) {
      const header = index * headerSize;
      this.#memory.word(header + 8, socketAddressSize);
      this.#memory.long(header + 40, controlRoom);
      this.#memory.word(header + 48, 0);
    }
  }

  /** The bytes of a datagram. They are the batch's own: copy what is to be kept. */
  bytes(index: number): Uint8Array {
    const at = this.#data + this.#entry(index) * this.#size;
    return this.#memory.bytes.subarray(at, at + Math.min(this.#memory.readWord(index * headerSize + 56), this.#size));
  }

  /** The datagram was longer than there was room for. */
  isCut(index: number): boolean {
    return (this.#memory.readWord(this.#entry(index) * headerSize + 48) & linux.MSG_TRUNC) !== 0;
  }

  /** The sender, in the kernel's form. */
  rawFrom(index: number): Uint8Array {
    const at = this.#addresses + this.#entry(index) * addressRoom;
    const length = Math.min(this.#memory.readWord(index * headerSize + 8), socketAddressSize);
    return this.#memory.bytes.subarray(at, at + length);
  }

  from(index: number): SocketAddress | undefined {
    return decodeSocketAddress(this.rawFrom(index));
  }

  isFrom(index: number, raw: Uint8Array): boolean {
    const at = this.#addresses + this.#entry(index) * addressRoom;
    const memory = this.#memory.bytes;
    for (let place = 0; place < raw.length; place += 1) if (memory[at + place] !== raw[place]) return false;
    return true;
  }

  /** The own address and interface it came to; `undefined` where the socket does not ask for that. */
  to(index: number): PacketInformation | undefined {
    return packetInformation(this.control(index));
  }

  control(index: number): ControlMessage[] {
    const at = this.#controls + this.#entry(index) * controlRoom;
    const length = Math.min(this.#memory.readWord(index * headerSize + 40), controlRoom);
    return decodeControl(this.#memory.bytes.subarray(at, at + length));
  }

  #entry(index: number): number {
    if (!Number.isInteger(index) || index < 0 || index >= this.#count) throw new RangeError(`no datagram ${index}`);
    return index;
  }
}
