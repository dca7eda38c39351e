import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Door } from '../../../src/host/native-sockets/door.ts';
import { decodePacket, encodePacket, type Packet } from '../../../src/netboot/tftp/packet.ts';
import type { TransferRecord } from '../../../src/netboot/tftp/record.ts';
import { startTftpService, type TftpService, type TftpServiceOptions } from '../../../src/netboot/tftp/service.ts';
import { interfaceIndexOf } from './interface-index.ts';
import { lossyProxy } from './lossy-proxy.ts';

const run = promisify(execFile);
const local = '127.0.0.1';
let lab: string;
let original: Buffer;
const services: TftpService[] = [];
const records: TransferRecord[] = [];

beforeAll(() => {
  lab = mkdtempSync(join(tmpdir(), 'tftp-'));
  mkdirSync(join(lab, 'root/Boot'), { recursive: true });
  original = Buffer.from(Uint32Array.from({ length: 150_001 }, (_, index) => Math.imul(index, 2_654_435_761)).buffer);
  writeFileSync(join(lab, 'root/Boot/file'), original);
  writeFileSync(join(lab, 'root/text'), 'one\ntwo\r\n');
});
afterAll(() => rmSync(lab, { recursive: true }));
afterEach(async () => {
  for (const service of services.splice(0)) await service.stop();
  records.length = 0;
});

async function serve(options: Partial<TftpServiceOptions> = {}): Promise<TftpService> {
  const service = await startTftpService({
    listen: [{ address: local, port: 0 }],
    root: join(lab, 'root'),
    onTransfer: (record) => records.push(record),
    ...options,
  });
  services.push(service);
  return service;
}

const portOf = (service: TftpService): string => String(service.bound[0]!.port);

/** How each client fetches `Boot/file` into a file. */
const clients: Record<string, (port: string, into: string) => [string, string[]]> = {
  curl: (port, into) => ['curl', ['-s', '-o', into, '--tftp-blksize', '1468', `tftp://${local}:${port}/Boot/file`]],
  'curl in another case': (port, into) => ['curl', ['-s', '-o', into, `tftp://${local}:${port}/BOOT/FILE`]],
  'curl without options': (port, into) => [
    'curl',
    ['-s', '--tftp-no-options', '-o', into, `tftp://${local}:${port}/Boot/file`],
  ],
  atftp: (port, into) => ['atftp', ['-g', '-r', 'Boot/file', '-l', into, local, port]],
  'atftp with windows': (port, into) => [
    'atftp',
    [
      '--option',
      'windowsize 16',
      '--option',
      'blksize 1468',
      '--option',
      'tsize 0',
      '-g',
      '-r',
      '\\boot\\file',
      '-l',
      into,
      local,
      port,
    ],
  ],
  'tftp-hpa': (port, into) => ['tftp', ['-m', 'octet', local, port, '-c', 'get', 'Boot/file', into]],
  busybox: (port, into) => ['busybox', ['tftp', '-g', '-b', '1468', '-r', 'Boot/file', '-l', into, local, port]],
};

async function fetchWith(name: string, port: string): Promise<void> {
  const into = join(lab, 'fetched');
  rmSync(into, { force: true });
  await run(...clients[name]!(port, into), { timeout: 60_000 });
  expect(Buffer.compare(readFileSync(into), original), name).toBe(0);
}

/** A client of a few packets. */
async function talk(port: number, ...packets: Uint8Array[]): Promise<{ packet: Packet; from: number }[]> {
  const socket = createSocket('udp4');
  const got: { packet: Packet; from: number }[] = [];
  socket.on('message', (bytes, { port: from }) => got.push({ packet: decodePacket(new Uint8Array(bytes)), from }));
  socket.bind(0, local);
  await once(socket, 'listening');
  for (const bytes of packets) socket.send(bytes, port, local);
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, 150);
  await promise;
  socket.close();
  return got;
}
const read = (file: string, options: [string, string][] = [], mode = 'octet') =>
  encodePacket({ type: 'read', file, mode, options });

describe('real clients', () => {
  it('CLI-11 TFTP-10 TFTP-35 TFTP-51 curl, atftp, tftp-hpa and busybox fetch a file', async () => {
    const service = await serve();
    for (const name of Object.keys(clients)) {
      await fetchWith(name, portOf(service));
      expect(records.at(-1), name).toMatchObject({
        outcome: 'complete',
        size: original.length,
        bytes: original.length,
      });
    }
  });

  it('what is built serves as the sources do', async () => {
    const built = '../../../dist/src/netboot/tftp/service.js';
    const { startTftpService: start } = (await import(built)) as typeof import('../../../src/netboot/tftp/service.ts');
    const service = await start({ listen: [{ address: local, port: 0 }], root: join(lab, 'root') });
    services.push(service);
    expect(service.limits).toEqual([]);
    await fetchWith('curl', portOf(service));
  });

  it('CLI-11 curl and atftp fetch it through node:dgram', async () => {
    const service = await serve({ useDoor: false });
    expect(service.limits.flatMap(({ rules }) => rules)).toContain('TFTP-65');
    for (const name of ['curl', 'atftp with windows']) await fetchWith(name, portOf(service));
  });

  it('TFTP-37 TFTP-38 TFTP-40 atftp fetches it in windows over a line that loses, repeats and mixes up', async () => {
    const proxy = await lossyProxy((await serve()).bound[0]!.port, { loss: 10, duplicates: 10, reordering: 5 });
    await fetchWith('atftp with windows', String(proxy.port)).finally(proxy.close);
  }, 120_000);

  it('TFTP-37 a line that repeats packets does no harm to curl', async () => {
    const proxy = await lossyProxy((await serve()).bound[0]!.port, { loss: 0, duplicates: 20, reordering: 0 });
    await fetchWith('curl', String(proxy.port)).finally(proxy.close);
  });

  it('TFTP-13 in single-port mode everything comes from the service’s port', async () => {
    const service = await serve({ ports: 'single' });
    await fetchWith('atftp with windows', portOf(service));
    const port = service.bound[0]!.port;
    expect((await talk(port, read('text')))[0]).toMatchObject({ from: port });
  });

  it('TFTP-12 transfers come from the range of ports they are given', async () => {
    const [first, last] = [47_810, 47_811];
    const service = await serve({ ports: { first, last } });
    const port = service.bound[0]!.port;
    const answers = await Promise.all([1, 2, 3].map(() => talk(port, read('text', [['tsize', '0']]))));
    expect(
      answers
        .flat()
        .map(({ from }) => from)
        .toSorted(),
    ).toEqual([first, last]);
    expect((await service.metrics()).dropped.ports).toBe(1);
  });

  it('TFTP-07 TFTP-26 netascii is converted, and no wrong size is told', async () => {
    const { port } = (await serve()).bound[0]!;
    const [answer] = await talk(port, read('text', [['tsize', '0']], 'netascii'));
    expect(answer!.packet).toMatchObject({ type: 'data', block: 1 });
    expect(Buffer.from((answer!.packet as { data: Uint8Array }).data).toString()).toBe('one\r\ntwo\r\0\r\n');
  });

  it('TFTP-53 virtual files are made for each client, other files and refusals are answered too', async () => {
    const service = await serve({
      resolve: ({ path, client }) => {
        if (path === 'grub.cfg') return { bytes: new TextEncoder().encode(`# for ${client}\n`) };
        if (path === 'alias') return { file: 'text' };
        if (path === 'secret') return { refused: 'denied', text: 'not for you' };
        if (path === 'broken') throw new Error('cannot');
        return undefined;
      },
    });
    const { port } = service.bound[0]!;
    const first = async (name: string) => (await talk(port, read(name)))[0]?.packet;
    const data = async (name: string) => Buffer.from(((await first(name)) as { data: Uint8Array }).data).toString();
    expect(await data('/grub.cfg')).toBe('# for 127.0.0.1\n');
    expect(await data('alias')).toBe('one\ntwo\r\n');
    expect(await data('text')).toBe('one\ntwo\r\n');
    expect(await first('secret')).toEqual({ type: 'error', code: 2, text: 'not for you' });
    expect(await first('broken')).toMatchObject({ type: 'error', code: 1 });
    const [probe] = await talk(port, read('grub.cfg', [['tsize', '0']]));
    expect(probe!.packet).toMatchObject({ options: [['tsize', '16']] });
  });

  it('TFTP-15 a client whose port is closed ends its transfer at once', async () => {
    const { port } = (await serve()).bound[0]!;
    await talk(port, read('Boot/file'));
    const { promise, resolve } = Promise.withResolvers<void>();
    setTimeout(resolve, 1500);
    await promise;
    expect(records).toMatchObject([{ outcome: 'unreachable' }]);
  });

  it('TFTP-66 serves IPv6 as it serves IPv4', async () => {
    const service = await serve({ listen: [{ address: '::1', port: 0 }] });
    const into = join(lab, 'fetched6');
    await run('curl', ['-s', '-o', into, `tftp://[::1]:${portOf(service)}/Boot/file`]);
    expect(Buffer.compare(readFileSync(into), original)).toBe(0);
  });

  it('TFTP-65 TFTP-68 what is sent may be fragmented and has its checksum', async ({ skip }) => {
    const door = await Door.open();
    skip(door === undefined || process.getuid?.() !== 0, 'looking at raw packets needs root');
    const link = door!.linkSocket(interfaceIndexOf('lo'));
    await talk((await serve()).bound[0]!.port, read('text'));
    const batch = door!.receiveBatch(64, 2048);
    const packets = Array.from({ length: link.receive(batch) }, (_, index) => batch.bytes(index).slice());
    link.close();
    const data = packets.filter((bytes) => bytes[9] === 17 && bytes[28] === 0 && bytes[29] === 3);
    expect(data.length).toBeGreaterThan(0);
    for (const bytes of data) {
      expect(bytes[6]! & 0x40).toBe(0);
      expect([bytes[26], bytes[27]]).not.toEqual([0, 0]);
    }
  });

  it('says what is in the way when it cannot start', async () => {
    const { port } = (await serve()).bound[0]!;
    await expect(serve({ listen: [{ address: local, port }] })).rejects.toMatchObject({ code: 'BW-NETBOOT-001' });
    await expect(serve({ listen: [{ interface: 'nowhere', port: 0 }] })).rejects.toMatchObject({
      code: 'BW-NETBOOT-003',
    });
    await expect(serve({ listen: [{ address: '192.0.2.77', port: 0 }] })).rejects.toMatchObject({
      code: 'BW-NETBOOT-004',
    });
    await expect(serve({ root: join(lab, 'nowhere') })).rejects.toMatchObject({ code: 'BW-NETBOOT-005' });
    const two = [{ address: local }, { address: '127.0.0.2' }];
    await expect(serve({ useDoor: false, listen: two })).rejects.toMatchObject({ code: 'BW-NETBOOT-006' });
  });
});
