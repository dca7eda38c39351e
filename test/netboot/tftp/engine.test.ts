import { describe, expect, it } from 'vitest';
import { type Content, ContentChanged, Contents } from '../../../src/netboot/tftp/content.ts';
import { Engine } from '../../../src/netboot/tftp/engine.ts';
import type { EngineSettings, Found } from '../../../src/netboot/tftp/engine-parts.ts';
import { decodePacket, encodePacket, type Option, type Packet } from '../../../src/netboot/tftp/packet.ts';
import { ReadAhead, slotSize } from '../../../src/netboot/tftp/read-ahead.ts';
import type { TransferRecord } from '../../../src/netboot/tftp/record.ts';
import { blockLength, type Peer } from '../../../src/netboot/tftp/session.ts';

const local = { address: '192.0.2.1', interfaceIndex: 2 };
const client = (port: number, address = '192.0.2.9'): Peer => ({ address, port, key: `${address} ${port}` });
const file = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, index) => index % 251);

interface Sent {
  readonly port: string;
  readonly to: number;
  readonly packet: Packet;
}

/** An engine on ports that write down what is sent: block sizes instead of blocks. */
function lab(settings: Partial<EngineSettings> = {}, files: Record<string, Content | Found> = {}, freePorts = 5000) {
  const sent: Sent[] = [];
  const records: TransferRecord[] = [];
  const open = new Set<string>();
  const contents = new Contents();
  const readAhead = new ReadAhead(new Uint8Array(8 * slotSize));
  let [time, lastPort, fullFor] = [0, 0, 0];
  const engine = new Engine<string>({
    settings: {
      ...{ singlePort: false, maximumTransfers: 4000, requestsPerSecondAndClient: 200, requestsPerSecond: 20_000 },
      ...{ rollover: 0, remap: [], ...settings },
    },
    contents,
    readAhead,
    ports: {
      open: () => {
        if (open.size >= freePorts) return undefined;
        lastPort += 1;
        open.add(`port ${lastPort}`);
        return `port ${lastPort}`;
      },
      close: (port) => open.delete(port),
      send: (port, to, _from, bytes) => sent.push({ port, to: to.port, packet: decodePacket(bytes) }),
      sendBlocks: (session, count) => {
        if (fullFor > 0) {
          fullFor -= 1;
          return 0;
        }
        for (let index = 0; index < count; index += 1) {
          const number = session.transfer.next + index;
          const data = new Uint8Array(session.netascii?.block(number).length ?? blockLength(session, number));
          if (data.length > 0 && session.netascii === undefined)
            readAhead.locate(session.content, (number - 1) * session.negotiated.blockSize, 1);
          const block = session.transfer.wireNumber(number);
          sent.push({ port: session.port, to: session.peer.port, packet: { type: 'data', block, data } });
        }
        return count;
      },
    },
    lookUp: (path, _client, _local, answer) => {
      const found = files[path] ?? { refused: 'not-found' };
      answer('id' in found ? { content: found } : found);
    },
    limits: () => ({ blockSize: 1468, windowSize: 64 }),
    onRecord: (record) => records.push(record),
    now: () => time,
  });
  const sessions = new Map<number, Parameters<typeof engine.receive>[0]>();
  engine.onSession = (session) => sessions.set(session.peer.port, session);
  const flush = () => {
    while (engine.hasUnsent && engine.flush());
  };
  return {
    ...{ engine, sent, records, open, contents, sessions },
    /** The socket takes nothing for so many tries. */
    fill: (tries: number) => {
      fullFor = tries;
    },
    at: (now: number) => {
      time = now;
      engine.tick();
      flush();
    },
    request: (name: string, options: Option[] = [], port = 2000, mode = 'octet', address?: string) => {
      const bytes = encodePacket({ type: 'read', file: name, mode, options });
      engine.receiveRequest('listener', bytes, client(port, address), local);
      flush();
    },
    raw: (bytes: Uint8Array, port = 2000) => {
      engine.receiveRequest('listener', bytes, client(port), local);
      flush();
    },
    answer: (packet: Parameters<typeof encodePacket>[0], port = 2000) => {
      engine.receive(sessions.get(port)!, encodePacket(packet));
      flush();
    },
  };
}

const ack = (block: number) => ({ type: 'acknowledgement' as const, block });
const types = (sent: readonly Sent[]): string[] => sent.map(({ packet }) => packet.type);
const contents = new Contents();
const content = (size: number): Content => contents.ofBytes(file(size));

describe('the engine', () => {
  it('TFTP-20 TFTP-21 TFTP-35 options, then block 0, then whole blocks and a shorter last one', () => {
    const { request, answer, sent, records } = lab({}, { f: content(1024) });
    request('f', [['BlkSize', '512']]);
    expect(types(sent)).toEqual(['options']);
    for (const block of [0, 1, 2, 3]) answer(ack(block));
    const blocks = sent
      .slice(1)
      .map(({ packet }) => (packet.type === 'data' ? [packet.block, packet.data.length] : []));
    expect(blocks).toEqual([
      [1, 512],
      [2, 512],
      [3, 0],
    ]);
    expect(records).toMatchObject([{ outcome: 'complete', bytes: 1024, size: 1024, isRepeated: false }]);
  });

  it('TFTP-20 TFTP-21 without options the first block comes at once, also of an empty file', () => {
    const { request, sent } = lab({}, { f: content(0) });
    request('f');
    expect(sent).toMatchObject([{ port: 'port 1', packet: { type: 'data', block: 1 } }]);
  });

  it('TFTP-10 TFTP-48 each transfer has a port of its own, refusals come from the service’s', () => {
    const { request, sent, open } = lab({}, { f: content(10) });
    request('f', [], 2000);
    request('f', [], 2001);
    request('missing', [], 2002);
    expect(sent.map(({ port, to }) => [port, to])).toEqual([
      ['port 1', 2000],
      ['port 2', 2001],
      ['listener', 2002],
    ]);
    expect(sent[2]!.packet).toMatchObject({ type: 'error', code: 1 });
    expect(open.size).toBe(2);
  });

  it('TFTP-11 a stranger is told so, and the transfer goes on', () => {
    const { engine, request, answer, sent, sessions, records } = lab({}, { f: content(600) });
    request('f');
    engine.receiveStranger(sessions.get(2000)!, encodePacket(ack(1)), client(3333));
    expect(sent.at(-1)).toMatchObject({ port: 'port 1', to: 3333, packet: { type: 'error', code: 5 } });
    answer(ack(1));
    answer(ack(2));
    expect(records).toMatchObject([{ outcome: 'complete' }]);
  });

  it('TFTP-08 TFTP-48 errors are never answered, of strangers neither', () => {
    const { engine, request, sent, sessions, raw, answer } = lab({}, { f: content(600) });
    request('f');
    const before = sent.length;
    engine.receiveStranger(sessions.get(2000)!, encodePacket({ type: 'error', code: 0, text: 'x' }), client(3333));
    for (const packet of [ack(1), { type: 'error', code: 1, text: 'x' } as const]) raw(encodePacket(packet), 4444);
    answer({ type: 'error', code: 3, text: 'disk full' });
    expect(sent.length).toBe(before);
  });

  it('TFTP-12 without a free port the request is dropped and counted', () => {
    const { engine, request, sent } = lab({}, { f: content(10) }, 2);
    for (const port of [1, 2, 3]) request('f', [], port);
    expect(sent).toHaveLength(2);
    expect([engine.meter.dropped.ports, engine.activeTransfers]).toEqual([1, 2]);
  });

  it('TFTP-13 in single-port mode everything comes from one port, and a new request abandons the old transfer', () => {
    const { request, raw, sent, records } = lab({ singlePort: true }, { f: content(2000), g: content(10) });
    request('f');
    raw(encodePacket(ack(1)));
    request('g');
    expect(new Set(sent.map(({ port }) => port))).toEqual(new Set(['listener']));
    expect(records).toMatchObject([{ outcome: 'replaced', name: 'f' }]);
    raw(encodePacket(ack(1)));
    expect(records.at(-1)).toMatchObject({ outcome: 'complete', name: 'g' });
    raw(encodePacket(ack(1)), 5555);
    expect(sent.every(({ to }) => to === 2000)).toBe(true);
  });

  it('TFTP-14 the same request again starts nothing, another one from the same port starts anew', () => {
    const { engine, request, answer, sent, records } = lab({}, { f: content(2000), g: content(10) });
    for (let times = 0; times < 5; times += 1) request('f', [['blksize', '1024']]);
    expect(types(sent)).toEqual(['options']);
    answer(ack(0));
    request('f', [['blksize', '1024']]);
    expect(types(sent)).toEqual(['options', 'data']);
    request('g');
    expect(records).toMatchObject([{ outcome: 'replaced' }]);
    expect(engine.activeTransfers).toBe(1);
  });

  it('TFTP-15 a client that went away frees everything at once', () => {
    const { engine, request, sessions, open, records } = lab({}, { f: content(2000) });
    request('f');
    engine.unreachable(sessions.get(2000)!);
    expect(records).toMatchObject([{ outcome: 'unreachable' }]);
    expect([open.size, engine.activeTransfers]).toEqual([0, 0]);
  });

  it('TFTP-22 a size probe ends quietly and counts as no failure', async () => {
    const { engine, request, answer, sent, records } = lab({}, { f: content(2000) });
    request('f', [['tsize', '0']]);
    answer({ type: 'error', code: 8, text: 'User aborted the transfer' });
    expect(records).toMatchObject([{ outcome: 'size-probe' }]);
    expect(types(sent)).toEqual(['options']);
    expect(engine.meter.snapshot().total).toMatchObject({ requests: 1, failed: 0 });
  });

  it('TFTP-40 TFTP-48 a client that stays silent is told once that its time is over', () => {
    const { at, request, sent, records, open } = lab({}, { f: content(2000) });
    request('f');
    for (let now = 0; now < 120_000; now += 25) at(now);
    expect(sent.filter(({ packet }) => packet.type === 'error')).toHaveLength(1);
    expect(records).toMatchObject([{ outcome: 'timeout' }]);
    expect(records[0]!.milliseconds).toBeLessThanOrEqual(60_000);
    expect(open.size).toBe(0);
  });

  it('TFTP-43 windows leave in bursts of at most 64 KiB, and others come between', () => {
    const { engine, request, sent, sessions } = lab({}, { f: content(1_000_000) });
    for (const port of [1, 2])
      request(
        'f',
        [
          ['blksize', '1468'],
          ['windowsize', '64'],
        ],
        port,
      );
    sent.length = 0;
    for (const port of [1, 2]) engine.receive(sessions.get(port)!, encodePacket(ack(0)));
    const rounds = [0, 1, 2].map(() => {
      sent.length = 0;
      engine.flush();
      return [1, 2].map((port) => sent.filter(({ to }) => to === port).length);
    });
    expect(rounds).toEqual([
      [44, 44],
      [20, 20],
      [0, 0],
    ]);
  });

  it('TFTP-43 a client that keeps losing parts of windows gets bursts of half the size', () => {
    const { engine, request, sent, sessions, at } = lab({}, { f: content(1_000_000) });
    request('f', [
      ['blksize', '1468'],
      ['windowsize', '64'],
    ]);
    for (const [block, now] of [
      [0, 0],
      [10, 100],
      [20, 5000],
    ] as const) {
      at(now);
      engine.receive(sessions.get(2000)!, encodePacket(ack(block)));
      if (block === 20) break;
      while (engine.hasUnsent) engine.flush();
    }
    sent.length = 0;
    engine.flush();
    expect(sent).toHaveLength(22);
  });

  it('TFTP-44 a file that changes ends the transfer with an error, never with a short block', () => {
    let isChanged = false;
    const changing: Content = {
      ...content(slotSize * 2),
      read: (_, into) => {
        if (isChanged) throw new ContentChanged();
        into.fill(1);
      },
    };
    const { request, answer, sent, records } = lab({}, { f: changing });
    request('f');
    isChanged = true;
    for (let block = 1; block <= 128 && records.length === 0; block += 1) answer(ack(block));
    expect(sent.at(-1)!.packet).toEqual({ type: 'error', code: 0, text: 'file changed' });
    expect(records).toMatchObject([{ outcome: 'file-changed' }]);
    const short = sent.filter(({ packet }) => packet.type === 'data' && packet.data.length < 512);
    expect(short).toEqual([]);
  });

  it('TFTP-46 a thousand clients of one file read it once', () => {
    let reads = 0;
    const shared: Content = {
      ...content(100_000),
      read: (_, into) => {
        reads += 1;
        into.fill(1);
      },
    };
    const { request } = lab({ requestsPerSecondAndClient: 2000 }, { f: shared });
    for (let port = 1; port <= 1000; port += 1) request('f', [], port);
    expect(reads).toBe(1);
  });

  it('TFTP-49 TIM-05 too many requests of one source, or of all, are dropped silently', () => {
    const { engine, request, sent } = lab({ requestsPerSecond: 250 }, {});
    for (let port = 1; port <= 300; port += 1) request('missing', [], port);
    expect(sent).toHaveLength(200);
    for (let port = 1; port <= 100; port += 1) request('missing', [], port, 'octet', '192.0.2.10');
    expect(sent.length).toBeLessThanOrEqual(250);
    expect(engine.meter.dropped.rate).toBe(400 - sent.length);
  });

  it('TFTP-49 a request is answered by one packet no longer than a block', () => {
    const { request, sent } = lab({}, { f: content(1_000_000) });
    request('f', [
      ['windowsize', '64'],
      ['blksize', '1468'],
    ]);
    expect(types(sent)).toEqual(['options']);
    request('f', [], 2001);
    expect(sent).toHaveLength(2);
  });

  it('TIM-04 above the limit of transfers requests are dropped, not starved', () => {
    const { engine, request } = lab({ maximumTransfers: 3 }, { f: content(10) });
    for (let port = 1; port <= 5; port += 1) request('f', [], port);
    expect([engine.activeTransfers, engine.meter.dropped.transfers]).toEqual([3, 2]);
  });

  it('TFTP-55 the same missing file is told to people once a minute', () => {
    const { at, request, records } = lab();
    for (const now of [0, 1000, 59_000, 61_000]) {
      at(now);
      request('pxelinux.cfg/default');
    }
    expect(records.map(({ isRepeated }) => isRepeated)).toEqual([false, true, true, false]);
  });

  it('TFTP-25 TFTP-43 who could not bear large blocks or windows gets smaller ones next time', () => {
    const { at, request, answer, sent } = lab({}, { f: content(1_000_000) });
    request('f', [['blksize', '1468']]);
    answer(ack(0));
    for (let now = 0; now < 120_000; now += 25) at(now);
    request('f', [['blksize', '1468']], 2001);
    expect(sent.at(-1)!.packet).toMatchObject({ type: 'options', options: [['blksize', '1400']] });
  });

  it('TFTP-07 netascii goes in lock step and ends with the converted text', () => {
    const text = contents.ofBytes(new TextEncoder().encode('\n'.repeat(300)));
    const { request, answer, sent, records } = lab({}, { f: text });
    request('f', [], 2000, 'netascii');
    answer(ack(1));
    answer(ack(2));
    expect(sent.map(({ packet }) => (packet.type === 'data' ? packet.data.length : -1))).toEqual([512, 88]);
    expect(records).toMatchObject([{ outcome: 'complete', bytes: 600 }]);
  });

  it('a socket that takes nothing is tried again, and nothing is lost', () => {
    const { engine, fill, request, answer, sent, records } = lab({}, { f: content(600) });
    fill(1);
    request('f');
    expect([sent.length, engine.hasUnsent]).toEqual([0, true]);
    engine.flush();
    answer(ack(1));
    answer(ack(2));
    expect(records).toMatchObject([{ outcome: 'complete', resentBlocks: 0 }]);
  });

  it('a service that stops says so to everybody', () => {
    const { engine, request, sent, open } = lab({}, { f: content(2000) });
    for (const port of [1, 2, 3]) request('f', [], port);
    engine.stop();
    expect(sent.filter(({ packet }) => packet.type === 'error').map(({ to }) => to)).toEqual([1, 2, 3]);
    expect(open.size).toBe(0);
  });
});
