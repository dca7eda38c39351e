import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { group, run, step, testType, variableIs } from './harness.ts';

/** Fails when its name is in the set. */
const failing = (...names: string[]) =>
  testType(({ variables }) =>
    names.includes(variables.get('_SMSTSCurrentActionName') ?? '')
      ? { code: 7, message: 'broke' }
      : { code: 0, message: 'ok' },
  );

describe('order and failure', () => {
  it('runs the worked example of the documentation', async () => {
    const { outcome, story } = await run(
      [
        group('G1', [step('1', { continueOnError: true }), step('2'), step('3')], { continueOnError: true }),
        group('G2', [step('4'), step('5'), step('6')]),
      ],
      { types: [failing('1', '2', '4')] },
    );
    expect(story).toEqual([
      'sequence-started:Test sequence',
      'group-started:G1',
      'started:1',
      'failed:1',
      'started:2',
      'failed:2',
      'group-failed:G1',
      'group-started:G2',
      'started:4',
      'failed:4',
      'group-failed:G2',
      'sequence-failed:Test sequence',
    ]);
    expect(outcome).toMatchObject({ state: 'failed', step: '4', path: '/G2/4', code: 7, message: 'broke' });
  });

  it('lets a failure climb to the nearest group that continues', async () => {
    const { outcome, story } = await run(
      [
        group('outer', [group('inner', [step('bad'), step('never')]), step('neither')], { continueOnError: true }),
        step('last'),
      ],
      { types: [failing('bad')] },
    );
    expect(outcome.state).toBe('completed');
    expect(story.slice(3)).toEqual([
      'started:bad',
      'failed:bad',
      'group-failed:inner',
      'group-failed:outer',
      'started:last',
      'completed:last',
      'sequence-completed:Test sequence',
    ]);
  });

  it('skips disabled items without looking at their conditions, and what lies below', async () => {
    const never = { kind: 'unsupported', type: 'WMI', raw: '' } as const;
    const { story, events } = await run([
      step('a', { disabled: true, condition: never }),
      group('g', [step('b'), group('h', [step('c')])], { disabled: true, condition: never }),
      step('d'),
    ]);
    expect(story).toEqual([
      'sequence-started:Test sequence',
      'skipped:a',
      'skipped:g',
      'started:d',
      'completed:d',
      'sequence-completed:Test sequence',
    ]);
    expect(events.filter((event) => event.type === 'log' && event.severity === 'warning')).toEqual([]);
  });

  it('leaves the last result alone when a step is skipped', async () => {
    const seen: Record<string, string | undefined>[] = [];
    const look = testType(({ variables }) => {
      seen.push({
        code: variables.get('_SMSTSLastActionRetCode'),
        name: variables.get('_SMSTSLastActionName'),
        succeeded: variables.get('_SMSTSLastActionSucceeded'),
      });
      return { code: 5, message: '' };
    });
    await run(
      [
        step('first', { continueOnError: true }),
        step('skipped', { condition: variableIs('X', 'y') }),
        step('off', { disabled: true }),
        step('second', { condition: variableIs('_SMSTSLastActionSucceeded', 'FALSE'), successCodes: [5] }),
        step('third', { successCodes: [5] }),
      ],
      { types: [look] },
    );
    expect(seen).toEqual([
      { code: undefined, name: undefined, succeeded: undefined },
      { code: '5', name: 'first', succeeded: 'false' },
      { code: '5', name: 'second', succeeded: 'true' },
    ]);
  });

  it('counts progress without groups, disabled steps and child sequences, but with steps of disabled groups', async () => {
    const { events } = await run([
      step('a'),
      step('off', { disabled: true }),
      group('g', [step('b')], { disabled: true }),
      step('child', { type: 'SMS_TaskSequence_SubTasksequence', disabled: false, condition: variableIs('X', 'y') }),
      step('c'),
    ]);
    const numbers = events.flatMap((event) =>
      event.type === 'step.started' ? [[event.name, event.index, event.total]] : [],
    );
    expect(numbers).toEqual([
      ['a', 1, 3],
      ['c', 3, 3],
    ]);
  });

  it('names an unknown type, a wrong environment and bad settings, and goes on where told to', async () => {
    const { events, outcome } = await run(
      [
        step('alien', { type: 'SMS_TaskSequence_Unknown', continueOnError: true }),
        step('elsewhere', { environments: ['deployed'], continueOnError: true }),
        step('bad', { type: 'Strict', settings: { count: '%NOPE%' }, continueOnError: true }),
        step('throws', { type: 'Throws', continueOnError: true }),
      ],
      {
        types: [
          testType(() => ({ code: 0, message: '' })),
          testType(() => ({ code: 0, message: '' }), {
            type: 'Strict',
            settings: z.strictObject({ count: z.number() }) as never,
          }),
          testType(
            () => {
              throw new Error('out of luck');
            },
            { type: 'Throws' },
          ),
        ],
      },
    );
    expect(outcome.state).toBe('completed');
    const failures = events.flatMap((event) =>
      event.type === 'step.failed' ? [[event.name, event.error, event.message]] : [],
    );
    expect(failures).toEqual([
      ['alien', 'BW-STEP-001', expect.stringContaining('SMS_TaskSequence_Unknown')],
      ['elsewhere', 'BW-STEP-003', expect.stringContaining('runs only in: deployed')],
      ['bad', 'BW-STEP-002', expect.stringContaining('count')],
      ['throws', undefined, 'out of luck'],
    ]);
  });
});
