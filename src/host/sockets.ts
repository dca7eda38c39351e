import { connect, type Socket } from 'node:net';
import { BootwrightError } from '../model/error.ts';
import { sleep } from './clock.ts';

/** One end of a local (Unix domain) stream socket. */
export interface LocalSocket {
  /** Resolves once the kernel has taken the bytes. */
  send(data: string | Uint8Array): Promise<void>;
  close(): void;
  /** Resolves when either side has ended the connection. */
  readonly closed: Promise<void>;
}

export interface ConnectOptions {
  /** How long to wait for somebody to listen there; 10,000 by default. */
  readonly timeoutMilliseconds?: number;
  readonly signal?: AbortSignal;
}

/**
 * Connects to a local socket that its server may still be about to create.
 *
 * @throws BW-HOST-003 when nobody listens there in time
 */
export async function connectLocal(
  path: string,
  onData: (bytes: Uint8Array) => void,
  options: ConnectOptions = {},
): Promise<LocalSocket> {
  const pause = 50;
  const attempts = Math.ceil((options.timeoutMilliseconds ?? 10_000) / pause);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return wrap(await open(path), onData);
    } catch (cause) {
      if (attempt >= attempts) {
        throw new BootwrightError('BW-HOST-003', `Nothing listens on the socket ${path}.`, { cause });
      }
      await sleep(pause, options.signal);
    }
  }
}

async function open(path: string): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connect(path);
  socket.once('connect', () => resolve(socket));
  socket.once('error', reject);
  return await promise;
}

function wrap(socket: Socket, onData: (bytes: Uint8Array) => void): LocalSocket {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  socket.removeAllListeners('error');
  // A reset only says what `close` says too: the other side is gone.
  socket.on('error', () => {});
  socket.on('close', () => resolve());
  socket.on('data', onData);
  return {
    closed,
    close: () => socket.destroy(),
    send: (data) => {
      const sent = Promise.withResolvers<void>();
      socket.write(data, (error) => (error ? sent.reject(error) : sent.resolve()));
      return sent.promise;
    },
  };
}
