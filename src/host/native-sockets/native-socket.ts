import { reportedError } from './control.ts';
import type { Libc } from './libc.ts';
import { errno, linux } from './linux.ts';
import type { ReceiveBatch } from './receive-batch.ts';
import type { SendBatch } from './send-batch.ts';

const noControl = new Uint8Array(0);

/** A system call that failed, by the name of its error, e.g. EADDRINUSE. */
export class SocketError extends Error {
  readonly number: number;

  constructor(call: string, result: number) {
    super(`${call} failed with error ${-result}`);
    this.name = 'SocketError';
    this.number = -result;
  }
}

/** What the kernel says about a datagram that was sent earlier: mostly that nobody listens there any more. */
export interface SendReport {
  readonly error: number;
  /** Where that datagram was sent to, in the kernel's form. */
  readonly rawTo: Uint8Array;
}

/** A descriptor that only its owner can reach: once closed, every call says EBADF and none can hit a stranger's. */
export class NativeSocket {
  protected readonly libc: Libc;
  #descriptor: number;

  /** @throws SocketError */
  constructor(libc: Libc, domain: number, type: number, protocol: number) {
    this.libc = libc;
    this.#descriptor = checked(
      'socket',
      libc.socket(domain, type | linux.SOCK_NONBLOCK | linux.SOCK_CLOEXEC, protocol),
    );
  }

  /** @internal -1 once closed */
  get descriptor(): number {
    return this.#descriptor;
  }

  close(): void {
    if (this.#descriptor < 0) return;
    this.libc.close(this.#descriptor);
    this.#descriptor = -1;
  }

  /** How many datagrams came into the batch; 0 when there is none, else the negative error number of an earlier send. */
  receive(batch: ReceiveBatch): number {
    return this.#descriptor < 0 ? -errno.EBADF : batch.receive(this.#descriptor);
  }

  /**
   * Sends the batch as one buffer that the kernel cuts apart; how many datagrams left, or the negative error number.
   *
   * @param control made by `encodeControl`, `segmentsOf` among it
   */
  sendSegmented(batch: SendBatch, to: Uint8Array, control: Uint8Array): number {
    return this.#descriptor < 0 ? -errno.EBADF : batch.sendSegmented(this.#descriptor, to, control);
  }

  /** Sends each datagram of the batch by itself; how many left, or the negative error number. */
  sendEach(batch: SendBatch, to: Uint8Array, control: Uint8Array = noControl): number {
    return this.#descriptor < 0 ? -errno.EBADF : batch.sendEach(this.#descriptor, to, control);
  }

  /** What the kernel has to say about earlier sends; at most a batch of it at a time. */
  reports(batch: ReceiveBatch): SendReport[] {
    const found: SendReport[] = [];
    while (this.#descriptor >= 0 && found.length < 64 && batch.receiveReport(this.#descriptor)) {
      const error = reportedError(batch.control(0));
      if (error !== undefined) found.push({ error, rawTo: batch.rawFrom(0).slice() });
    }
    return found;
  }

  /** @throws SocketError */
  protected set(level: number, name: number, value: number | string): void {
    checked('setsockopt', this.trySet(level, name, value));
  }

  protected trySet(level: number, name: number, value: number | string): number {
    const bytes =
      typeof value === 'string' ? new TextEncoder().encode(`${value}\0`) : new Uint8Array(Int32Array.of(value).buffer);
    return this.libc.setsockopt(this.#descriptor, level, name, bytes, bytes.length);
  }

  protected getNumber(level: number, name: number): number {
    const value = new Int32Array(1);
    const length = new Uint8Array(Uint32Array.of(4).buffer);
    checked('getsockopt', this.libc.getsockopt(this.#descriptor, level, name, new Uint8Array(value.buffer), length));
    return value[0]!;
  }

  /** The kernel gives less than asked to who may not have more; it is asked for both ways. */
  protected setBuffer(name: number, forced: number, bytes: number): void {
    if (this.trySet(linux.SOL_SOCKET, forced, bytes) < 0) this.set(linux.SOL_SOCKET, name, bytes);
  }
}

/** @throws SocketError for a negative result */
export function checked(call: string, result: number): number {
  if (result < 0) throw new SocketError(call, result);
  return result;
}
