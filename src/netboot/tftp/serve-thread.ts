/** The thread of the TFTP service. Started by `startTftpService`. */
import { monotonicMilliseconds, sleep } from '../../host/clock.ts';
import { Door } from '../../host/native-sockets/door.ts';
import { listNetworkInterfaces } from '../../host/network-interfaces.ts';
import { openPlainSocket } from '../../host/plain-datagrams.ts';
import { ownThread } from '../../host/thread.ts';
import { Contents } from './content.ts';
import { Engine } from './engine.ts';
import type { EngineParts } from './engine-parts.ts';
import { Files } from './files.ts';
import { boundOf, NativeLoop, openListeners } from './native-loop.ts';
import { type NativePort, NativePorts } from './native-ports.ts';
import { flushAll, type PlainPort, PlainPorts, peerOf } from './plain-ports.ts';
import type { FromThread, ToThread } from './protocol.ts';
import { ReadAhead } from './read-ahead.ts';
import type { Local } from './session.ts';
import { overhead, type TftpSettings, tftpPort } from './settings.ts';

export interface ThreadData {
  readonly settings: TftpSettings;
  /** Descriptor that wakes up the thread while it waits for sockets. */
  readonly wakeUp: number | undefined;
}

const thread = ownThread<ToThread, FromThread>();
const { settings, wakeUp } = thread.data as ThreadData;
const contents = new Contents();

/** Interfaces change rarely, and requests come by the thousand. */
const mtuKept = 10_000;
let mtus = { readAt: Number.NEGATIVE_INFINITY, byIndex: new Map<number, number>() };

function mtuOf({ interfaceIndex }: Local): number {
  const now = monotonicMilliseconds();
  if (now - mtus.readAt > mtuKept) {
    mtus = { readAt: now, byIndex: new Map(listNetworkInterfaces().map(({ index, mtu }) => [index, mtu])) };
  }
  return mtus.byIndex.get(interfaceIndex) ?? 1500;
}

type Common = Omit<EngineParts<never>, 'ports' | 'readAhead'>;

function commonParts(files: Files): Common {
  const { limits } = settings;
  return {
    settings: {
      singlePort: settings.ports === 'single',
      maximumTransfers: limits.transfers,
      requestsPerSecondAndClient: limits.requestsPerSecondAndClient,
      requestsPerSecond: limits.requestsPerSecond,
      rollover: settings.rollover,
      remap: settings.remap,
    },
    contents,
    lookUp: (path, client, local, answer) => files.lookUp(path, client, local, answer),
    limits: (local) => {
      const fits = mtuOf(local) - overhead(local.address);
      const blockSize = settings.fragments ? limits.blockSize : Math.min(limits.blockSize, fits);
      return { blockSize, windowSize: limits.windowSize };
    },
    onRecord: (record) => thread.post({ type: 'record', record }),
    now: monotonicMilliseconds,
  };
}

/** True: the service is to end. */
function handle(
  message: ToThread,
  engine: Pick<Engine<unknown>, 'activeTransfers' | 'meter'>,
  files: Files,
  readAhead: ReadAhead,
): boolean {
  if (message.type === 'stop') return true;
  if (message.type === 'answer') files.answered(message.id, message.answer);
  if (message.type === 'metrics') {
    const { hits, reads } = readAhead.counts;
    const { activeTransfers } = engine;
    const now = { activeTransfers, openFiles: contents.openFiles, cacheHits: hits, cacheReads: reads };
    thread.post({ type: 'metrics', metrics: { ...engine.meter.snapshot(), ...now } });
  }
  return false;
}

function serveNatively(door: Door, files: Files, wakeUpDescriptor: number): void {
  const memory = door.memory(settings.limits.cacheBytes);
  const readAhead = new ReadAhead(memory.bytes);
  const listeners = openListeners(door, settings);
  const ports = new NativePorts({
    ...{ door, settings, readAhead, memory, mtuOf },
    interfaceFor: (local) => loop.interfaceFor(local),
    onOpen: (port) => loop.add(port),
  });
  const engine = new Engine<NativePort>({ ...commonParts(files), ports, readAhead } as EngineParts<NativePort>);
  const poller = door.poller();
  poller.addWakeUp(wakeUpDescriptor);
  const onWake = (): boolean => {
    for (let message = thread.take(); message !== undefined; message = thread.take())
      if (handle(message, engine, files, readAhead)) return true;
    return false;
  };
  const loop: NativeLoop = new NativeLoop({
    ...{ poller, engine, onWake, now: monotonicMilliseconds },
    requests: door.receiveBatch(64, 2048),
    answers: door.receiveBatch(16, 2048),
  });
  for (const listener of listeners) loop.add(listener);
  thread.post({ type: 'ready', bound: listeners.map(boundOf), usesDoor: true });
  loop.run();
  engine.stop();
  for (const { socket } of listeners) socket.close();
  poller.close();
}

async function servePlainly(files: Files): Promise<void> {
  const readAhead = new ReadAhead(new Uint8Array(settings.limits.cacheBytes));
  const ports = new PlainPorts(settings, readAhead);
  const engine = new Engine<PlainPort>({ ...commonParts(files), ports, readAhead } as EngineParts<PlainPort>);
  ports.engine = engine;
  engine.onSession = (session) => {
    if (session.ownsPort) session.port.session = session;
  };
  const { address = '127.0.0.1', port = tftpPort } = settings.listen[0] ?? {};
  const index = listNetworkInterfaces().find(({ name }) => name === settings.listen[0]?.interface)?.index ?? 0;
  const receiveBuffer = 4 * 1024 * 1024;
  const listener: PlainPort = {
    number: 0,
    socket: openPlainSocket(
      address,
      port,
      (bytes, from) => {
        engine.receiveRequest(listener, bytes, peerOf(from), { address, interfaceIndex: index });
        flushAll(engine);
      },
      receiveBuffer,
    ),
  };
  const bound = { address, port: await listener.socket.listening };
  let isStopped = false;
  thread.onMessage((message) => {
    isStopped ||= handle(message, engine, files, readAhead);
    flushAll(engine);
  });
  thread.post({ type: 'ready', bound: [bound], usesDoor: false });
  while (!isStopped) {
    await sleep(25);
    engine.tick();
    flushAll(engine);
  }
  engine.stop();
  listener.socket.close();
}

let what = 'root';
try {
  const files = new Files(settings, contents, (id, request) => thread.post({ type: 'ask', id, request }));
  what = 'listen';
  const door = settings.useDoor && wakeUp !== undefined ? await Door.open() : undefined;
  if (door !== undefined && wakeUp !== undefined) serveNatively(door, files, wakeUp);
  else await servePlainly(files);
} catch (error) {
  const { code, number, message } = error as { code?: string; number?: number; message: string };
  thread.post({ type: 'failed', what, code: code ?? number, message });
}
thread.end();
