import { DatagramSocket, type DatagramSocketOptions } from './datagram-socket.ts';
import { type Libc, loadLibc } from './libc.ts';
import { LinkSocket } from './link-socket.ts';
import { NativeMemory } from './memory.ts';
import { Poller, WakeUp } from './poller.ts';
import { ReceiveBatch } from './receive-batch.ts';
import { SendBatch } from './send-batch.ts';

/**
 * The door to the socket calls that `node:dgram` does not have. Sockets are owned by objects, memory by the door, and
 * every number is checked before native code sees it: what is wrong throws a RangeError or returns an error number, and
 * nothing that is given to it ends the process.
 */
export class Door {
  readonly #libc: Libc;

  private constructor(libc: Libc) {
    this.#libc = libc;
  }

  /** `undefined` where there is none: not Linux on x64 or arm64, or the foreign-function library is not installed. */
  static async open(): Promise<Door | undefined> {
    const libc = await loadLibc();
    return libc === undefined ? undefined : new Door(libc);
  }

  /** @throws SocketError, RangeError */
  datagramSocket(options: DatagramSocketOptions): DatagramSocket {
    return new DatagramSocket(this.#libc, options);
  }

  /** @throws SocketError */
  linkSocket(interfaceIndex: number): LinkSocket {
    return new LinkSocket(this.#libc, interfaceIndex);
  }

  /** Memory that `SendBatch.piece` sends from without copying. */
  memory(size: number): NativeMemory {
    return new NativeMemory(this.#libc, size);
  }

  /** @param size longest datagram that is received whole */
  receiveBatch(count: number, size: number): ReceiveBatch {
    if (!Number.isInteger(count) || count < 1 || count > 1024) throw new RangeError(`${count} datagrams`);
    if (!Number.isInteger(size) || size < 1 || size > 65_536) throw new RangeError(`datagrams of ${size} bytes`);
    return new ReceiveBatch(this.#libc, count, Math.ceil(size / 8) * 8);
  }

  sendBatch(): SendBatch {
    return new SendBatch(this.#libc);
  }

  poller(): Poller {
    return new Poller(this.#libc);
  }

  wakeUp(): WakeUp {
    return new WakeUp(this.#libc);
  }
}
