import type { Libc } from './libc.ts';
import { errno, linux } from './linux.ts';
import { checked, type NativeSocket } from './native-socket.ts';

const room = 256;
/** `epoll_event` is packed on x64 only. */
const eventSize = process.arch === 'x64' ? 12 : 16;
const tokenAt = eventSize - 8;
const wakeToken = 0xffff_ffff;

/** Waits for many sockets at once. Blocks its thread: for threads that do nothing else. */
export class Poller {
  readonly #libc: Libc;
  readonly #events = new Uint8Array(room * eventSize);
  readonly #view = new DataView(this.#events.buffer);
  #descriptor: number;

  /** @throws SocketError */
  constructor(libc: Libc) {
    this.#libc = libc;
    this.#descriptor = checked('epoll_create1', libc.epollCreate());
  }

  /** @param token what `wait` will name this socket by, below 2^32 - 1 @throws SocketError */
  add(socket: NativeSocket, token: number): void {
    if (!Number.isInteger(token) || token < 0 || token >= wakeToken) throw new RangeError(`${token} is no token`);
    this.#add(socket.descriptor, token, linux.EPOLLIN);
  }

  /** Has `wait` end when the wake-up is used. @throws SocketError */
  addWakeUp(descriptor: number): void {
    // Edge-triggered: each wake-up ends one wait, and nobody has to read the number back.
    this.#add(descriptor, wakeToken, linux.EPOLLIN | linux.EPOLLET);
  }

  #add(descriptor: number, token: number, events: number): void {
    const event = new Uint8Array(eventSize);
    const view = new DataView(event.buffer);
    view.setUint32(0, events, true);
    view.setUint32(tokenAt, token, true);
    checked('epoll_ctl', this.#libc.epollControl(this.#descriptor, linux.EPOLL_CTL_ADD, descriptor, event));
  }

  /** Waits until something came or the time is over, and calls `ready` for each socket; says whether it was woken up. */
  wait(milliseconds: number, ready: (token: number, hasReport: boolean) => void): boolean {
    if (this.#descriptor < 0) return false;
    const got = this.#libc.epollWait(
      this.#descriptor,
      this.#events,
      room,
      Math.max(0, Math.min(milliseconds, 60_000)) | 0,
    );
    if (got < 0 && got !== -errno.EINTR) checked('epoll_wait', got);
    let woken = false;
    for (let index = 0; index < got; index += 1) {
      const token = this.#view.getUint32(index * eventSize + tokenAt, true);
      if (token === wakeToken) woken = true;
      else ready(token, (this.#view.getUint32(index * eventSize, true) & linux.EPOLLERR) !== 0);
    }
    return woken;
  }

  close(): void {
    if (this.#descriptor >= 0) this.#libc.close(this.#descriptor);
    this.#descriptor = -1;
  }
}

/**
 * Wakes up a thread that waits in a `Poller`. Belongs to the thread that wakes, which closes it after the other has ended:
 * so neither ever writes to a number that meanwhile means another file.
 */
export class WakeUp {
  readonly #libc: Libc;
  #descriptor: number;

  /** @throws SocketError */
  constructor(libc: Libc) {
    this.#libc = libc;
    this.#descriptor = checked('eventfd', libc.eventDescriptor());
  }

  /** For `Poller.addWakeUp` in the other thread. */
  get descriptor(): number {
    return this.#descriptor;
  }

  wake(): void {
    if (this.#descriptor >= 0) this.#libc.write(this.#descriptor, new Uint8Array(BigUint64Array.of(1n).buffer), 8);
  }

  close(): void {
    if (this.#descriptor >= 0) this.#libc.close(this.#descriptor);
    this.#descriptor = -1;
  }
}
