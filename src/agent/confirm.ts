import type { Disk, MachineFacts } from '../model/machine.ts';
import { formatBytes } from '../model/quantity.ts';
import type { AgentContext } from './context.ts';
import { saveRecordAndTell } from './machine-record-file.ts';
import { type Block, gap, type Page, text } from './page.ts';
import { ask } from './question.ts';

export interface Undertaking {
  readonly sequence: string;
  readonly facts: MachineFacts;
  /** Disks that will be erased or changed; empty when none is known beforehand. */
  readonly targets: readonly Disk[];
  /** One sentence per step that matters. */
  readonly actions: readonly string[];
  /** `false`: what starts by itself here cannot be stopped. */
  readonly mayRefuse?: boolean;
  /** What N does. */
  readonly declines?: string;
}

const confirmSeconds = 15;

/** Says what will be erased and waits. False when the person declined; the countdown alone is a yes. */
export async function confirm(context: AgentContext, undertaking: Undertaking): Promise<boolean> {
  const { mayRefuse = true } = undertaking;
  for (let note: string | undefined; ; ) {
    const answered = await ask<'start' | 'decline' | 'record'>(context, {
      prompt: 'confirm',
      page: (left) => confirmPage(undertaking, left, note),
      // Escape, and saving the record, would stop the countdown for good.
      answers: { enter: 'start', ...(mayRefuse ? { n: 'decline' as const, m: 'record' as const } : {}) },
      stoppable: mayRefuse,
      // Somebody is here, and reads.
      ...(note === undefined ? { countdown: { seconds: confirmSeconds, answer: 'start' as const } } : {}),
    });
    if (answered?.answer !== 'record') return answered?.answer === 'start';
    note = await saveRecordAndTell(context);
  }
}

/** The page of the confirmation; `left` is `undefined` once the countdown has been stopped. */
export function confirmPage(
  { sequence, facts, targets, actions, mayRefuse = true, declines = 'restarts, changes nothing' }: Undertaking,
  left: number | undefined,
  note?: string,
): Page {
  return {
    id: `confirm${left === undefined ? '-stopped' : ''}`,
    title: targets.length === 0 ? `Start "${sequence}"?` : 'The disk named here will be erased',
    tone: 'warning',
    blocks: [
      {
        kind: 'facts',
        facts: [
          ['Task sequence', sequence],
          ['Machine', `${facts.make} ${facts.model}`.trim()],
          ['Serial number', facts.serialNumber],
          ...targets.flatMap(describeDisk),
        ],
      },
      gap,
      ...shorten(actions),
      ...(note === undefined ? [] : [gap, text(note)]),
      gap,
      left === undefined
        ? text('Stopped. Nothing happens until a key is pressed.')
        : { kind: 'live', text: `Starts by itself in ${left} s.` },
    ],
    keys: [
      { key: 'Enter', text: 'starts now' },
      ...(left === undefined || !mayRefuse ? [] : [{ key: 'Esc', text: 'waits' }]),
      ...(mayRefuse
        ? [
            { key: 'N', text: declines },
            { key: 'M', text: 'saves record' },
          ]
        : []),
    ],
  };
}

function describeDisk(disk: Disk): readonly (readonly [string, string])[] {
  return [
    ['Disk', `${disk.path}, ${formatBytes(disk.sizeBytes)}, ${disk.model}, serial number ${disk.serial || 'unknown'}`],
    ['On it now', disk.contents],
  ];
}

function shorten(actions: readonly string[]): Block[] {
  if (actions.length === 0) return [];
  const shown = actions.slice(0, 6);
  const more = actions.length - shown.length;
  return [{ kind: 'list', items: more === 0 ? shown : [...shown, `and ${more} more`] }];
}
