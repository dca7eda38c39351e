import { interfaceAddresses } from '../../host/interface-addresses.ts';
import { Door } from '../../host/native-sockets/door.ts';
import type { WakeUp } from '../../host/native-sockets/poller.ts';
import { startThread, type Thread } from '../../host/thread.ts';
import { BootwrightError } from '../../model/error.ts';
import type { Metrics } from './metrics.ts';
import type { RemapRule } from './names.ts';
import type { Bound, FromThread, TftpAnswer, TftpRequest, ToThread } from './protocol.ts';
import type { TransferRecord } from './record.ts';
import type { ThreadData } from './serve-thread.ts';
import { defaultLimits, type Listen, limitsWithoutDoor, type TftpLimits, type TftpSettings } from './settings.ts';

export interface TftpServiceOptions {
  readonly listen: readonly Listen[];
  /** Folder that is served; without one all files are virtual. */
  readonly root?: string;
  readonly extraRoots?: readonly string[];
  /** Asked about every request: makes virtual files, sends clients to other files, or refuses them. */
  readonly resolve?: (request: TftpRequest) => TftpAnswer | Promise<TftpAnswer>;
  readonly ports?: TftpSettings['ports'];
  readonly fragments?: boolean;
  readonly rollover?: 0 | 1;
  readonly codePoint?: number;
  readonly remap?: readonly RemapRule[];
  readonly limits?: Partial<TftpLimits>;
  readonly onTransfer?: (record: TransferRecord) => void;
  /** False: through `node:dgram`, with the limits that `TftpService.limits` names. */
  readonly useDoor?: boolean;
}

export interface TftpService {
  readonly bound: readonly Bound[];
  /** What does not hold because the native door is closed; empty where it is open. */
  readonly limits: typeof limitsWithoutDoor;
  metrics(): Promise<Metrics>;
  /** Ends all transfers and the thread. */
  stop(): Promise<void>;
  /** Resolves when the service was stopped, rejects when it broke. */
  readonly ended: Promise<void>;
}

/**
 * Serves files by TFTP, read-only, in a thread of its own.
 *
 * @throws BW-NETBOOT-001 to 006 when it cannot start
 */
export async function startTftpService(options: TftpServiceOptions): Promise<TftpService> {
  const door = options.useDoor === false ? undefined : await Door.open();
  const settings = settingsOf(options, door !== undefined);
  const wakeUp = door?.wakeUp();
  const data: ThreadData = { settings, wakeUp: wakeUp?.descriptor };
  const thread = startThread<ToThread, FromThread>('./serve-thread', import.meta.url, data);
  const service = new RunningService(thread, wakeUp, options);
  await service.start();
  return service;
}

class RunningService implements TftpService {
  readonly #thread: Thread<ToThread, FromThread>;
  readonly #wakeUp: WakeUp | undefined;
  readonly #options: TftpServiceOptions;
  readonly #ready = Promise.withResolvers<void>();
  readonly #metrics: ((metrics: Metrics) => void)[] = [];
  bound: readonly Bound[] = [];
  limits: typeof limitsWithoutDoor = [];
  readonly ended: Promise<void>;

  constructor(thread: Thread<ToThread, FromThread>, wakeUp: WakeUp | undefined, options: TftpServiceOptions) {
    this.#thread = thread;
    this.#wakeUp = wakeUp;
    this.#options = options;
    this.ended = this.#run();
    this.ended.catch((error: unknown) => this.#ready.reject(error));
  }

  async #run(): Promise<void> {
    try {
      await this.#thread.run((message) => this.#receive(message));
    } finally {
      this.#wakeUp?.close();
    }
  }

  async start(): Promise<void> {
    await this.#ready.promise;
  }

  #receive(message: FromThread): void {
    switch (message.type) {
      case 'ready':
        this.bound = message.bound;
        this.limits = message.usesDoor ? [] : limitsWithoutDoor;
        this.#ready.resolve();
        break;
      case 'failed':
        this.#ready.reject(startFailure(message, this.#options));
        break;
      case 'record':
        this.#options.onTransfer?.(message.record);
        break;
      case 'metrics':
        this.#metrics.shift()?.(message.metrics);
        break;
      case 'ask':
        void this.#answer(message.id, message.request);
    }
  }

  async #answer(id: number, request: TftpRequest): Promise<void> {
    let answer: TftpAnswer;
    try {
      answer = await this.#options.resolve?.(request);
    } catch {
      // A virtual file that cannot be made is one that is not there; the service goes on for everybody else.
      answer = { refused: 'not-found', text: 'this file could not be made' };
    }
    this.#post({ type: 'answer', id, answer });
  }

  #post(message: ToThread): void {
    this.#thread.post(message);
    this.#wakeUp?.wake();
  }

  async metrics(): Promise<Metrics> {
    const { promise, resolve } = Promise.withResolvers<Metrics>();
    this.#metrics.push(resolve);
    this.#post({ type: 'metrics' });
    return await promise;
  }

  async stop(): Promise<void> {
    this.#post({ type: 'stop' });
    await this.ended;
  }
}

function settingsOf(options: TftpServiceOptions, hasDoor: boolean): TftpSettings {
  return {
    listen: hasDoor ? options.listen : onlyAddress(options.listen),
    root: options.root,
    extraRoots: options.extraRoots ?? [],
    asks: options.resolve !== undefined,
    ports: options.ports ?? 'any',
    fragments: options.fragments ?? false,
    rollover: options.rollover ?? 0,
    codePoint: options.codePoint,
    remap: options.remap ?? [],
    limits: { ...defaultLimits, ...options.limits },
    useDoor: hasDoor,
  };
}

/** Without the door a service knows neither where a request was sent to nor how to answer from there. */
function onlyAddress(listen: readonly Listen[]): readonly Listen[] {
  const candidates = listen.flatMap((entry) => {
    if (entry.address !== undefined) return [entry];
    const addresses = interfaceAddresses(entry.interface ?? '').map((cidr) => cidr.replace(/\/.*$/, ''));
    return addresses.filter((address) => !address.includes(':')).map((address) => ({ ...entry, address }));
  });
  const [only, ...others] = candidates;
  if (only !== undefined && others.length === 0 && only.address !== '0.0.0.0' && only.address !== '::') return [only];
  throw new BootwrightError(
    'BW-NETBOOT-006',
    `Without the native sockets the TFTP service answers from one address only; there are ${candidates.length} here.`,
  );
}

type Failure = Extract<FromThread, { type: 'failed' }>;

function startFailure({ what, code, message }: Failure, options: TftpServiceOptions): BootwrightError {
  if (what === 'root') {
    return new BootwrightError('BW-NETBOOT-005', `The folder ${options.root} cannot be served: ${message}.`);
  }
  const where = options.listen
    .map((listen) => [listen.interface, listen.address, `port ${listen.port ?? 69}`].filter((part) => part).join(' '))
    .join(', ');
  const known = {
    98: '001',
    EADDRINUSE: '001',
    13: '002',
    1: '002',
    EACCES: '002',
    19: '003',
    99: '004',
    EADDRNOTAVAIL: '004',
  };
  const number = (known as Record<string | number, string>)[code ?? ''];
  const codes = {
    '001': 'BW-NETBOOT-001',
    '002': 'BW-NETBOOT-002',
    '003': 'BW-NETBOOT-003',
    '004': 'BW-NETBOOT-004',
  } as const;
  const failure = codes[(number ?? '') as keyof typeof codes] ?? 'BW-NETBOOT-007';
  return new BootwrightError(failure, `The TFTP service cannot listen on ${where}: ${message}.`);
}
