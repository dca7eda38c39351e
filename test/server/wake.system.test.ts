import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

/*
 * Two namespaces with a cable between them: what arrives at the other end is read from a packet socket there, behind the
 * whole network stack of a machine that is not ours.
 */
const [here, there] = [`bw-wake-${process.pid}`, `bw-asleep-${process.pid}`];
const mac = '52:54:00:12:34:56';

const ip = (...words: string[]): void => void execFileSync('ip', words, { stdio: 'pipe' });
const inside = (space: string, ...words: string[]): void => ip('-n', space, ...words);

beforeEach(() => {
  for (const space of [here, there]) ip('netns', 'add', space);
  for (const number of [0, 1]) {
    inside(here, 'link', 'add', `a${number}`, 'type', 'veth', 'peer', 'name', `b${number}`, 'netns', there);
    inside(here, 'link', 'set', `a${number}`, 'up');
    inside(there, 'link', 'set', `b${number}`, 'up');
  }
  inside(here, 'address', 'add', '10.1.2.3/24', 'dev', 'a0');
  inside(here, 'address', 'add', '172.20.5.1/22', 'dev', 'a1');
});
afterEach(() => {
  for (const space of [here, there]) ip('netns', 'delete', space);
});

/** Every Ethernet frame with a UDP datagram to port 9 that arrives, as `interface: destination MAC, destination IP, payload in hex`. */
const listener = `
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
s.settimeout(20)
print('ready', flush=True)
while True:
    frame, (interface, *_) = s.recvfrom(2048)
    if frame[12:14] == b'\\x08\\x00' and frame[23] == 17 and frame[36:38] == b'\\x00\\x09':
        length = int.from_bytes(frame[38:40], 'big') - 8
        print(interface, frame[0:6].hex(), socket.inet_ntoa(frame[30:34]), frame[42:42 + length].hex(), flush=True)
`;

async function withListener(use: () => void | Promise<void>): Promise<string[]> {
  const child: ChildProcess = spawn('ip', ['netns', 'exec', there, 'python3', '-c', listener], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  const arrived = Promise.withResolvers<void>();
  child.stdout?.on('data', (bytes: Buffer) => {
    printed += bytes.toString();
    arrived.resolve();
  });
  await arrived.promise;
  await use();
  await new Promise((resolve) => setTimeout(resolve, 300));
  const ended = once(child, 'exit');
  child.kill();
  await ended;
  return printed.trim().split('\n').slice(1);
}

function wake(...subnets: string[]): string {
  const fixture = join(import.meta.dirname, 'wake-fixture.ts');
  return execFileSync('ip', ['netns', 'exec', here, process.execPath, fixture, mac, ...subnets], { encoding: 'utf8' });
}

const magic = 'ff'.repeat(6) + '525400123456'.repeat(16);

it('reaches a sleeping machine on every cable, as a broadcast of its Ethernet and of its subnet', async () => {
  const frames = await withListener(() => {
    expect(JSON.parse(wake()).sort()).toEqual(['10.1.2.255', '172.20.7.255']);
  });
  expect([...new Set(frames)].sort()).toEqual([
    `b0 ffffffffffff 10.1.2.255 ${magic}`,
    `b1 ffffffffffff 172.20.7.255 ${magic}`,
  ]);
  // A frame that is lost is not the last.
  expect(frames).toHaveLength(6);
});

it('sends a directed broadcast to the router of a subnet that is named, and nowhere else', async () => {
  inside(there, 'address', 'add', '10.1.2.1/24', 'dev', 'b0');
  inside(here, 'route', 'add', '10.9.0.0/16', 'via', '10.1.2.1');
  const router = execFileSync('ip', ['-n', there, '-br', 'link', 'show', 'b0'], { encoding: 'utf8' });
  const address = /([0-9a-f]{2}:){5}[0-9a-f]{2}/.exec(router)?.[0].replaceAll(':', '');
  const frames = await withListener(() => {
    expect(wake('10.9.8.0/23')).toBe('["10.9.9.255"]');
  });
  expect([...new Set(frames)]).toEqual([`b0 ${address} 10.9.9.255 ${magic}`]);
});

it('says so where it cannot send at all', () => {
  for (const name of ['a0', 'a1']) inside(here, 'link', 'set', name, 'down');
  expect(wake('10.9.8.0/24')).toBe('BW-HOST-060');
  for (const name of ['a0', 'a1']) inside(here, 'address', 'flush', 'dev', name);
  expect(wake()).toBe('BW-HOST-060');
});
