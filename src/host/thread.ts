import { type MessagePort, parentPort, receiveMessageOnPort, Worker, workerData } from 'node:worker_threads';

/** A thread of this program, seen from the one that started it. */
export interface Thread<In, Out> {
  post(message: In): void;
  /** Calls `onMessage` for each message; rejects with what ended the thread otherwise than by itself. */
  run(onMessage: (message: Out) => void): Promise<void>;
}

/** @param module of the thread, by the address of its TypeScript source or what was built from it, without the ending */
export function startThread<In, Out>(module: string, from: string, data: unknown): Thread<In, Out> {
  const ending = from.endsWith('.ts') ? 'ts' : 'js';
  const worker = new Worker(new URL(`${module}.${ending}`, from), {
    workerData: data,
    // Nothing here lives long: a small nursery keeps the whole program small.
    resourceLimits: { maxYoungGenerationSizeMb: 8 },
  });
  return {
    post: (message) => worker.postMessage(message),
    run: (onMessage) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      worker.on('message', onMessage);
      worker.once('error', reject);
      worker.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a thread ended with ${code}`))));
      return promise;
    },
  };
}

/** The same thread, seen from inside. */
export interface OwnThread<In, Out> {
  readonly data: unknown;
  post(message: Out): void;
  /** What was posted meanwhile, for threads that block: one message, or `undefined`. */
  take(): In | undefined;
  onMessage(handle: (message: In) => void): void;
  end(): void;
}

/** @throws when this is no thread that `startThread` has started */
export function ownThread<In, Out>(): OwnThread<In, Out> {
  if (parentPort === null) throw new Error('not a thread');
  const port: MessagePort = parentPort;
  return {
    data: workerData,
    post: (message) => port.postMessage(message),
    take: () => (receiveMessageOnPort(port) as { message: In } | undefined)?.message,
    onMessage: (handle) => void port.on('message', handle),
    end: () => port.close(),
  };
}
