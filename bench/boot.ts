import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { powerOn } from '../src/prove/bench.ts';
import type { GuestEvent } from '../src/prove/guest-event.ts';
import { describeMachine, type Profile } from '../src/prove/machine.ts';
import { benchSite, uptimeOf } from './medium.ts';
import { compare, interleave, type Measurement, median, type Suite } from './suite.ts';
import { firstLine, trivialInitramfs } from './trivial-initramfs.ts';

/** The same loaders, the same kernel, the same medium: only what follows the kernel differs. */
const contests: readonly { readonly profile: Profile; readonly limit: number }[] = [
  { profile: 'cd-bios', limit: 2.2 },
  { profile: 'cd-uefi', limit: 1.6 },
];

const sequence = `name: Bench
steps:
  - step: run-command-line
    name: Nothing
    command: 'true'
`;

/** The same ISO with the trivial initramfs in the place of ours. */
function withTrivialInitramfs(iso: string, folder: string): string {
  const initramfs = join(folder, 'trivial.img');
  const output = join(folder, 'trivial.iso');
  writeFileSync(initramfs, trivialInitramfs());
  const args = [
    '-indev',
    iso,
    '-outdev',
    output,
    '-boot_image',
    'any',
    'replay',
    '-map',
    initramfs,
    '/boot/initramfs.img',
  ];
  const { status, stderr } = spawnSync('xorriso', ['-abort_on', 'FATAL', ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`xorriso: ${stderr}`);
  return output;
}

/** Seconds from power-on to the line of the trivial initramfs. */
async function toFirstLine(profile: Profile, iso: string, folder: string): Promise<number> {
  const machine = mkdtempSync(join(folder, 'machine-'));
  const { guest } = await powerOn(describeMachine(iso, profile), machine);
  try {
    while (!guest.consoleText().includes(firstLine)) {
      if (guest.seconds() > 600) throw new Error(`${profile}: the trivial initramfs never wrote its line`);
      await pause(20);
    }
    return guest.seconds();
  } finally {
    await guest.kill();
    rmSync(machine, { recursive: true });
  }
}

/** Power-on to the agent's first event, with everything heard on the way. */
async function toAgent(profile: Profile, iso: string, folder: string): Promise<readonly GuestEvent[]> {
  const machine = mkdtempSync(join(folder, 'machine-'));
  const { guest, follow, heard } = await powerOn(describeMachine(iso, profile), machine);
  try {
    await follow({
      judge: (event) => (event.type === 'agent.started' ? 'reached' : 'go on'),
      answer: async () => {},
    });
    return heard.all;
  } finally {
    await guest.kill();
    rmSync(machine, { recursive: true });
  }
}

/** Where the time goes. `load` is firmware, GRUB and reading kernel and initramfs; the kernel's own clock starts after it. */
function split(events: readonly GuestEvent[]): Record<string, number> {
  const at = (name: string): number => {
    const found = events.find(
      ({ event }) => event.type === name || (event.type === 'boot.mark' && event.name === name),
    );
    if (found === undefined) throw new Error(`the boot environment never said ${name}`);
    return found.seconds;
  };
  const first = events.find(({ event }) => event.type === 'boot.mark' && event.name === 'initramfs');
  const uptime = first === undefined ? 0 : uptimeOf(first);
  return {
    load: at('initramfs') - uptime,
    unpack: uptime,
    hardware: at('medium') - at('initramfs'),
    root: at('agent') - at('medium'),
    Node: at('agent.started') - at('agent'),
  };
}

async function contest(
  { profile, limit }: (typeof contests)[number],
  rounds: number,
  ours: string,
  trivial: string,
  folder: string,
): Promise<Measurement> {
  const splits: Record<string, number>[] = [];
  const samples = await interleave(rounds, {
    agent: async () => {
      const events = await toAgent(profile, ours, folder);
      splits.push(split(events));
      return events.find(({ event }) => event.type === 'agent.started')!.seconds;
    },
    'trivial initramfs': async () => await toFirstLine(profile, trivial, folder),
  });
  const parts = Object.keys(splits[0] ?? {}).map(
    (name) => `${name} ${median(splits.map((one) => one[name] ?? 0)).toFixed(1)} s`,
  );
  return compare({
    name: `power-on to the agent, ${profile}`,
    ours: 'agent',
    yardstick: 'trivial initramfs',
    limit,
    unit: 's',
    samples,
    notes: [parts.join(', ')],
  });
}

/** Power-on to the agent's first event, against the same loaders and kernel with an initramfs that does nothing. */
export default {
  title: 'Power-on to the agent against power-on to a first line of user space',
  async run(say, rounds) {
    const folder = mkdtempSync(join(tmpdir(), 'bootwright-bench-'));
    try {
      const site = await benchSite(folder, say);
      const ours = join(folder, 'ours.iso');
      site.createMedium(sequence, ours);
      const trivial = withTrivialInitramfs(ours, folder);
      const measurements: Measurement[] = [];
      for (const each of contests) {
        say(`${each.profile}: ${rounds} rounds`);
        measurements.push(await contest(each, rounds, ours, trivial, folder));
      }
      return measurements;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
} satisfies Suite;
