import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fuzzPackets } from '../test/netboot/tftp/fuzz.ts';
import { compare, type Measurement, median, type Suite } from './suite.ts';

/*
 * Two network namespaces joined by a veth pair; every server in one of them, one client in the other. Ratios are times:
 * ours divided by the yardstick's, so a limit of 1 / 0.85 says "at least 0.85 of its speed".
 */

const namespaces = ['bwbench-server', 'bwbench-client'] as const;
const address = '10.99.7.1';
const blockSize = 1468;
const sources = join(import.meta.dirname, 'tftp');
const service = join(import.meta.dirname, '..', 'dist', 'src', 'netboot', 'tftp', 'service.js');

interface Server {
  readonly name: string;
  /** Largest window it grants. */
  readonly windows: number;
  readonly command: (lab: string) => readonly string[];
}

const servers: readonly Server[] = [
  {
    name: 'bootwright',
    windows: 64,
    command: (lab) => ['node', join(sources, 'serve.ts'), service, address, join(lab, 'root')],
  },
  {
    name: 'reference in C',
    windows: 64,
    command: (lab) => [join(lab, 'reference'), address, '69', join(lab, 'root', 'file')],
  },
  {
    name: 'dnsmasq',
    // Debian 12's 2.90 knows no windows.
    windows: 1,
    command: (lab) => [
      ...[
        'dnsmasq',
        '-k',
        '-p',
        '0',
        '--conf-file=/dev/null',
        '--enable-tftp',
        `--tftp-root=${lab}/root`,
        '--tftp-no-fail',
      ],
      ...[`--listen-address=${address}`, '--bind-interfaces', '--tftp-max=4000', '--user=root', '--pid-file='],
    ],
  },
  {
    name: 'tftpd-hpa',
    windows: 1,
    command: (lab) => [
      join(lab, 'tftpd-hpa', 'usr/sbin/in.tftpd'),
      '-L',
      '-a',
      `${address}:69`,
      '-u',
      'root',
      '-s',
      `${lab}/root`,
    ],
  },
  {
    name: 'atftpd',
    windows: 64,
    command: (lab) => [
      ...[join(lab, 'atftpd', 'usr/sbin/atftpd'), '--daemon', '--no-fork', '--bind-address', address, '--port', '69'],
      ...['--user', 'root.root', '--maxthread', '2000', `${lab}/root`],
    ],
  },
];

interface Result {
  readonly seconds: number;
  readonly megabytesPerSecond: number;
  readonly failed: number;
  readonly median: number;
  readonly percentile99: number;
}

const run = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const ip = (...args: string[]): string => run('ip', ...args);

function prepare(lab: string): void {
  run('mkdir', join(lab, 'root'));
  // For this benchmark alone: nothing else of the project needs them.
  run('apt-get', 'install', '-y', '--no-install-recommends', 'gcc', 'libc6-dev', 'dnsmasq-base');
  for (const name of ['client', 'reference']) run('gcc', '-O2', '-o', join(lab, name), join(sources, `${name}.c`));
  // The two conflict as installed packages, not as programs.
  for (const name of ['tftpd-hpa', 'atftpd']) {
    execFileSync('apt-get', ['download', name], { cwd: lab, stdio: 'ignore' });
    const archive = readdirSync(lab).find((file) => file.startsWith(`${name}_`) && file.endsWith('.deb'))!;
    run('dpkg-deb', '-x', join(lab, archive), join(lab, name));
  }
  for (const name of namespaces) ip('netns', 'add', name);
  const [ours, theirs] = namespaces;
  ip('link', 'add', 'bwbench0', 'netns', ours, 'type', 'veth', 'peer', 'name', 'bwbench1', 'netns', theirs);
  ip('-n', ours, 'addr', 'add', `${address}/24`, 'dev', 'bwbench0');
  ip('-n', theirs, 'addr', 'add', '10.99.7.2/24', 'dev', 'bwbench1');
  ip('-n', ours, 'link', 'set', 'bwbench0', 'up');
  ip('-n', theirs, 'link', 'set', 'bwbench1', 'up');
}

function cleanUp(lab: string): void {
  for (const name of namespaces) {
    try {
      ip('netns', 'delete', name);
    } catch {
      // It was not made yet.
    }
  }
  rmSync(lab, { recursive: true, force: true });
}

function writeFile(lab: string, size: number): void {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; at += 4) bytes.writeUInt32LE(Math.imul(at, 2654435761) >>> 0, at);
  writeFileSync(join(lab, 'root', 'file'), bytes);
}

async function start(lab: string, server: Server): Promise<ChildProcess> {
  const command = ['netns', 'exec', namespaces[0], ...server.command(lab)];
  const child = spawn('ip', command, { stdio: ['ignore', 'pipe', 'ignore'] });
  // Ours says when it is ready; the others are at once.
  if (server.name === 'bootwright') await once(child.stdout!, 'data');
  await sleep(500);
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

interface Load {
  readonly window: number;
  readonly clients: number;
  readonly lossPerMille?: number;
  readonly delayMicroseconds?: number;
}

function fetchFile(lab: string, { window, clients, lossPerMille = 0, delayMicroseconds = 0 }: Load): Result {
  const numbers = [blockSize, window, clients, lossPerMille, delayMicroseconds].map(String);
  const file = join(lab, 'root', 'file');
  return JSON.parse(
    run('ip', 'netns', 'exec', namespaces[1], join(lab, 'client'), address, '69', 'file', file, ...numbers),
  ) as Result;
}

/** Highest resident memory of a process so far, in MB. */
function peakMemory(child: ChildProcess): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+)/.exec(status)![1]) / 1024;
}

interface Round {
  readonly results: Result[];
  peak: number;
}

/** All servers in turn, `rounds` times. */
async function race(lab: string, load: Load, names: readonly string[], rounds: number): Promise<Map<string, Round>> {
  const found = new Map<string, Round>(names.map((name) => [name, { results: [], peak: 0 }]));
  for (let round = 0; round < rounds; round += 1)
    for (const name of names) {
      const child = await start(lab, servers.find((server) => server.name === name)!);
      const entry = found.get(name)!;
      entry.results.push(fetchFile(lab, load));
      entry.peak = Math.max(entry.peak, peakMemory(child));
      await stop(child);
    }
  return found;
}

const ours = 'bootwright';
const yardstick = 'reference in C';

function judge(
  title: string,
  raced: Map<string, Round>,
  againstReference: number,
  againstPeers: number,
): Measurement[] {
  const samples = Object.fromEntries(
    [...raced].map(([name, { results }]) => [name, results.map(({ seconds }) => seconds)]),
  );
  const failures = [...raced].flatMap(([name, { results }]) => {
    const failed = Math.max(...results.map((result) => result.failed));
    return failed === 0 ? [] : [`${name}: ${failed} transfers failed`];
  });
  const speeds = [...raced].map(
    ([name, { results }]) => `${name} ${median(results.map((r) => r.megabytesPerSecond)).toFixed(0)} MB/s`,
  );
  const peers = [...raced].filter(
    ([name, { results }]) => name !== ours && name !== yardstick && results.every(({ failed }) => failed === 0),
  );
  const best = peers.map(([name]) => name).toSorted((a, b) => median(samples[a]!) - median(samples[b]!))[0];
  const common = { ours, unit: 's', samples };
  return [
    compare({
      ...common,
      name: `${title}, ÷ reference`,
      yardstick,
      limit: 1 / againstReference,
      notes: [speeds.join(', '), ...failures],
    }),
    ...(best === undefined
      ? []
      : [compare({ ...common, name: `${title}, ÷ best peer (${best})`, yardstick: best, limit: 1 / againstPeers })]),
  ];
}

/** One number of ours against a fixed one. */
function claim(name: string, value: number, against: number, limit: number, unit: string): Measurement {
  return {
    name,
    ratio: value / against,
    limit,
    unit,
    medians: { ours: value, limit: against },
    samples: { ours: [value] },
  };
}

const single = [
  { window: 1, reference: 0.75, peers: 0.85, size: 64 },
  { window: 4, reference: 0.8, peers: 2, size: 256 },
  { window: 16, reference: 0.85, peers: 4, size: 256 },
  { window: 64, reference: 0.85, peers: 5, size: 256 },
] as const;

async function many(lab: string, window: number, peers: number, rounds: number): Promise<Measurement[]> {
  const names = window === 1 ? [ours, yardstick, 'dnsmasq'] : [ours, yardstick];
  const raced = await race(lab, { window, clients: 1000 }, names, rounds);
  const { results, peak } = raced.get(ours)!;
  const tail = median(results.map(({ percentile99, median: middle }) => percentile99 / middle));
  const failed = Math.max(...results.map((result) => result.failed));
  return [
    ...judge(`1,000 clients, 4 MiB each, window ${window}`, raced, 0.75, peers),
    claim(`1,000 clients, window ${window}: 99th percentile ÷ median`, tail, 1, 1.2, '×'),
    claim(`1,000 clients, window ${window}: failed transfers`, failed, 1, 0, 'transfers'),
    claim(`1,000 clients, window ${window}: peak memory`, peak, 150, 1, 'MB'),
  ];
}

const suite: Suite = {
  title: 'TFTP: single streams and a thousand clients, beside Debian’s servers and a reference in C',
  async run(say, rounds) {
    const lab = mkdtempSync(join(tmpdir(), 'bootwright-tftp-'));
    try {
      prepare(lab);
      const measurements: Measurement[] = [];
      for (const { window, reference, peers, size } of single) {
        say(`one client, window ${window}`);
        writeFile(lab, size * 2 ** 20);
        const names = servers
          .filter((server) => window === 1 || server.windows > 1 || server.name === 'dnsmasq')
          .map(({ name }) => name);
        const raced = await race(lab, { window, clients: 1 }, names, rounds);
        measurements.push(...judge(`one client, window ${window}`, raced, reference, peers));
      }
      writeFile(lab, 4 * 2 ** 20);
      for (const [window, peers] of [
        [1, 1],
        [16, 4],
      ] as const) {
        say(`1,000 clients, window ${window}`);
        measurements.push(...(await many(lab, window, peers, rounds)));
      }
      say('1,000 clients, 1 % loss, 1 ms delay');
      const bad = await race(lab, { window: 16, clients: 1000, lossPerMille: 10, delayMicroseconds: 1000 }, [ours], 1);
      measurements.push(
        claim(
          '1,000 clients with 1 % loss and 1 ms: failed transfers',
          bad.get(ours)!.results[0]!.failed,
          1,
          0,
          'transfers',
        ),
      );
      say('10 million random packets');
      const before = process.memoryUsage().rss;
      const { exceptions } = fuzzPackets(10_000_000, 11);
      measurements.push(claim('10 million random packets: exceptions', exceptions, 1, 0, 'exceptions'));
      measurements.push(
        claim('10 million random packets: growth', (process.memoryUsage().rss - before) / 2 ** 20, 64, 1, 'MB'),
      );
      return measurements;
    } finally {
      cleanUp(lab);
    }
  },
};
export default suite;
