import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { powerOn } from '../src/prove/bench.ts';
import type { GuestEvent } from '../src/prove/guest-event.ts';
import { describeMachine } from '../src/prove/machine.ts';
import { benchSite, uptimeOf } from './medium.ts';
import { compare, median, type Suite } from './suite.ts';

const wim = '/run/bootwright/medium/bootwright/content/debian/debian.wim';

/** Runs with a volume mounted where only this command knows it. */
function onVolume(label: string, command: string): string {
  return `mkdir -p /tmp/bench && mount "$(blkid -L ${label})" /tmp/bench && ${command} && umount /tmp/bench`;
}

/** Empty volumes are part of neither contestant: both get theirs emptied before. The run's own state has to stay. */
const empty = 'find /tmp/bench -mindepth 1 -maxdepth 1 ! -name _SMSTaskSequence -exec rm -rf {} +';

function command(name: string, line: string): string {
  return `      - { step: run-command-line, name: ${name}, command: ${JSON.stringify(line)} }`;
}

/** All rounds in one boot: both contestants find the same kernel, the same disk and the WIM in the page cache. */
const sequence = (rounds: number): string => `name: Bench
steps:
  - group: Bench
    steps:
      - step: format-and-partition-disk
        name: Partition
        disk: { rule: only }
        partitions:
          - { type: linux, size: 45%, label: ours, variable: Ours }
          - { type: linux, size: 45%, label: yardstick, variable: Yardstick }
${command('Read the WIM once', `cat ${wim} > /dev/null`)}
${Array.from({ length: rounds }, (_, round) =>
  [
    command(`Empty ours ${round}`, onVolume('ours', empty)),
    `      - { step: apply-operating-system-image, name: Ours ${round}, image: debian, index: 1, volume: '%Ours%' }`,
    command(`Empty yardstick ${round}`, onVolume('yardstick', empty)),
    command(`Yardstick ${round}`, onVolume('yardstick', `wimlib-imagex apply ${wim} 1 /tmp/bench --unix-data`)),
  ].join('\n'),
).join('\n')}
`;

/** Seconds of the guest's own clock between two events, the first of which starts the step. */
function between(events: readonly GuestEvent[], step: string, isEnd: (event: GuestEvent['event']) => boolean): number {
  const start = events.findIndex(({ event }) => event.type === 'step.started' && event.name === step);
  const end = events.findIndex(({ event }, index) => index > start && isEnd(event));
  if (start < 0 || end < 0) throw new Error(`the guest never finished "${step}"`);
  return uptimeOf(events[end]!) - uptimeOf(events[start]!);
}

const isComparing = (event: GuestEvent['event']): boolean =>
  event.type === 'step.progress' && event.text.startsWith('Comparing');
const isCompleted = (event: GuestEvent['event']): boolean => event.type === 'step.completed';

/** Our step against the bare program on the same machine; checking the result is ours alone and reported beside it. */
export default {
  title: 'Applying the Debian image in the guest against wimlib-imagex apply there',
  async run(say, rounds) {
    const folder = mkdtempSync(join(tmpdir(), 'bootwright-bench-'));
    try {
      const site = await benchSite(folder, say);
      const iso = join(folder, 'apply.iso');
      site.createMedium(sequence(rounds), iso);
      const { guest, follow, heard } = await powerOn(describeMachine(iso, 'cd-uefi', { memoryMiB: 3072 }), folder);
      try {
        const last = `Yardstick ${rounds - 1}`;
        await follow(
          {
            judge: (event) => {
              if (event.type === 'step.failed')
                return { code: 'BW-PROVE-002', failed: `${event.name}: ${event.message}` };
              return event.type === 'step.completed' && event.name === last ? 'reached' : 'go on';
            },
            answer: async () => {},
          },
          {
            totalSeconds: 7200,
            onEvent: ({ event }) => {
              if (event.type === 'step.started' && /^(?:Ours|Yardstick)/.test(event.name)) say(event.name);
            },
          },
        );
      } finally {
        await guest.kill();
      }
      const each = (measure: (round: number) => number): number[] =>
        Array.from({ length: rounds }, (_, round) => measure(round));
      const applied = each((round) => between(heard.all, `Ours ${round}`, isComparing));
      const whole = each((round) => between(heard.all, `Ours ${round}`, isCompleted));
      const said = heard.all.flatMap(({ event }) =>
        event.type === 'log' ? [Number(/^Applying took ([\d.]+) s/.exec(event.text)?.[1] ?? Number.NaN)] : [],
      );
      const alone = median(said.filter((seconds) => !Number.isNaN(seconds)));
      const yardstick = each((round) => between(heard.all, `Yardstick ${round}`, isCompleted));
      return [
        compare({
          name: 'apply',
          ours: 'our step',
          yardstick: 'wimlib-imagex apply',
          limit: 1.1,
          unit: 's',
          samples: { 'our step': applied, 'wimlib-imagex apply': yardstick },
          notes: [
            `finding, naming and emptying the volume: ${(median(applied) - alone).toFixed(1)} s of ours`,
            `post-condition: ${median(whole.map((time, round) => time - applied[round]!)).toFixed(1)} s more`,
          ],
        }),
      ];
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
} satisfies Suite;
