import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { SimulatedMachine } from '../../src/machine/simulated/machine.ts';
import { blankModel } from '../../src/machine/simulated/model.ts';
import { group, resumeFrom, run, step, testType, variableIs } from './harness.ts';

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

describe('exit codes and restarts', () => {
  const ending = (code: number) => testType(() => ({ code, message: '' }));

  it.each([
    [0, [0, 3010], 'completed'],
    [1, [0, 3010], 'failed'],
    [7, [7], 'completed'],
    [0, [7], 'failed'],
    [3010, [0, 3010], 'restart'],
    [3010, [0], 'failed'],
    [1641, [0], 'restart'],
  ] as const)('code %i with success codes %j: %s', async (code, successCodes, state) => {
    const { outcome } = await run([step('a', { successCodes })], { types: [ending(code)] });
    expect(outcome.state).toBe(state);
  });

  it('goes on behind the step that asked for the restart, with its variables', async () => {
    const items = [step('a'), step('b'), step('c')];
    const types = [
      testType(({ variables }) => {
        const name = variables.get('_SMSTSCurrentActionName');
        variables.set(`Ran${name}`, (variables.get('Seen') ?? '') + name);
        return name === 'b'
          ? { code: 0, message: '', restart: { target: 'disk', message: 'Bye', delaySeconds: 5 } }
          : { code: 0, message: '' };
      }),
    ];
    const first = await run(items, { types });
    expect(first.outcome).toMatchObject({ state: 'restart', target: 'disk', message: 'Bye', delaySeconds: 5 });
    const deployed = new SimulatedMachine({ ...blankModel(), environment: 'deployed' });
    const second = await run(items, { types, machine: deployed, resume: resumeFrom(first.saves.at(-1)) });
    expect(second.story).toEqual(['started:c', 'completed:c', 'sequence-completed:Test sequence']);
    const names = second.outcome.saved.variables.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['Rana', 'Ranb', 'Ranc']));
    expect(second.outcome.saved.variables).toContainEqual({ name: '_SMSTSInWinPE', value: 'false', origin: 'engine' });
  });

  it('does the restart first when power went away before it: nothing of the rest runs in the boot environment', async () => {
    const restart = { target: 'disk', message: 'Bye', delaySeconds: 5 } as const;
    const types = [
      testType(({ variables }) => {
        const isAsking = variables.get('_SMSTSCurrentActionName') === 'a';
        return { code: 0, message: '', ...(isAsking && { restart }) };
      }),
    ];
    const items = [step('a'), step('b')];
    const first = await run(items, { types });
    const again = await run(items, { types, resume: resumeFrom(first.saves.at(-1)) });
    expect(again.story).toEqual([]);
    expect(again.events).toContainEqual({ type: 'restart.requested', target: 'disk', message: 'Bye' });
    expect(again.outcome).toMatchObject({ state: 'restart', ...restart, saved: { position: 1, phase: 'restart' } });
    const deployed = new SimulatedMachine({ ...blankModel(), environment: 'deployed' });
    const rest = await run(items, { types, machine: deployed, resume: resumeFrom(again.saves.at(-1)) });
    expect(rest.story).toEqual(['started:b', 'completed:b', 'sequence-completed:Test sequence']);
  });

  it.each([
    ['HD', 'disk'],
    ['WinPE', 'boot'],
    ['true', 'boot'],
  ])('SMSTSRebootRequested=%s restarts into %s once', async (value, target) => {
    const types = [
      testType(({ variables }) => {
        variables.set('SMSTSRebootRequested', value);
        return { code: 0, message: '' };
      }),
    ];
    const { outcome } = await run([step('a')], { types });
    expect(outcome).toMatchObject({ state: 'restart', target, saved: { position: 1 } });
    expect(outcome.saved.variables.map(({ name }) => name)).not.toContain('SMSTSRebootRequested');
  });

  it('runs the same step again with SMSTSRetryRequested', async () => {
    let runs = 0;
    const types = [
      testType(({ variables }) => {
        runs++;
        if (runs > 1) return { code: 0, message: '' };
        variables.set('SMSTSRebootRequested', 'HD');
        variables.set('SMSTSRetryRequested', 'true');
        return { code: 0, message: '' };
      }),
    ];
    const first = await run([step('a')], { types });
    const machine = new SimulatedMachine({ ...blankModel(), environment: 'deployed' });
    const second = await run([step('a')], { types, machine, resume: resumeFrom(first.saves.at(-1)) });
    expect([runs, second.outcome.state]).toEqual([2, 'completed']);
  });

  it('a failed step is failed, whatever restart it wished for', async () => {
    const types = [testType(() => ({ code: 1, message: '', restart: { target: 'disk' } }))];
    expect((await run([step('a')], { types })).outcome.state).toBe('failed');
  });

  it('refuses a restart that would lose the run', async () => {
    const types = [testType(() => ({ code: 0, message: '', restart: { target: 'boot' } }))];
    const journal = { save: async () => {}, survivesRestart: async () => false };
    const { outcome } = await run([step('a')], { types, journal });
    expect(outcome).toMatchObject({ state: 'failed', error: 'BW-STEP-008' });
  });
});

describe('power cuts', () => {
  const items = [step('a'), group('g', [step('b'), step('c')], { continueOnError: true }), step('d')];

  /** The state as it lay on the disk while `name` was running. */
  async function cutDuring(name: string, overrides: { retryCount?: number } = {}, repeatable = false) {
    const tree = items.map((item) =>
      item.kind === 'group'
        ? { ...item, items: item.items.map((child) => ({ ...child, ...overrides })) }
        : { ...item, ...overrides },
    );
    const types = [testType(() => ({ code: 0, message: '' }), { repeatable })];
    const { saves } = await run(tree, { types });
    const position = ['a', 'g', 'b', 'c', 'end', 'd'].indexOf(name);
    const save = saves.find(({ state }) => state.phase === 'running' && state.position === position);
    return { tree, types, resume: resumeFrom(save) };
  }

  it('fails the interrupted step when it may not run twice', async () => {
    const { tree, types, resume } = await cutDuring('a');
    const { outcome, story } = await run(tree, { types, resume });
    expect(outcome).toMatchObject({
      state: 'failed',
      error: 'BW-STEP-007',
      message: expect.stringContaining('Unexpected restart'),
    });
    expect(story).toEqual(['started:a', 'failed:a', 'sequence-failed:Test sequence']);
  });

  it('obeys continueOnError of the group around it', async () => {
    const { tree, types, resume } = await cutDuring('b');
    const { story } = await run(tree, { types, resume });
    expect(story).toEqual([
      'started:b',
      'failed:b',
      'group-failed:g',
      'started:d',
      'completed:d',
      'sequence-completed:Test sequence',
    ]);
  });

  it.each([
    ['retryCount', { retryCount: 1 }, false],
    ['repeatable', {}, true],
  ])('runs it again because of %s, and does not run the others again', async (_, overrides, repeatable) => {
    const { tree, types, resume } = await cutDuring('c', overrides, repeatable);
    const { story } = await run(tree, { types, resume });
    expect(story).toEqual([
      'started:c',
      'completed:c',
      'group-completed:g',
      'started:d',
      'completed:d',
      'sequence-completed:Test sequence',
    ]);
  });

  it('gives up a step that takes the machine down every time', async () => {
    const { tree, types, resume } = await cutDuring('a', { retryCount: 2 });
    let current = resume;
    for (let attempt = 0; attempt < 2; attempt++) {
      const { saves } = await run(tree, { types, resume: current });
      current = resumeFrom(saves.find(({ state }) => state.phase === 'running' && state.position === 0));
    }
    const { outcome } = await run(tree, { types, resume: current });
    expect(outcome).toMatchObject({ state: 'failed', error: 'BW-STEP-007' });
  });

  it('between two steps simply goes on', async () => {
    const types = [testType(() => ({ code: 0, message: '' }))];
    const { saves } = await run(items, { types });
    for (const save of saves.filter(({ state }) => state.phase === 'ready')) {
      const { outcome } = await run(items, { types, resume: resumeFrom(save) });
      expect(outcome.state).toBe('completed');
    }
  });

  it('a failed run goes on with the failed step when a person says so', async () => {
    let broken = true;
    const types = [
      testType(({ variables }) => ({
        code: broken && variables.get('_SMSTSCurrentActionName') === 'd' ? 1 : 0,
        message: '',
      })),
    ];
    const first = await run(items, { types });
    broken = false;
    const second = await run(items, { types, resume: resumeFrom(first.saves.at(-1)) });
    expect(second.story).toEqual(['started:d', 'completed:d', 'sequence-completed:Test sequence']);
  });

  it("refuses another sequence's state", async () => {
    const { resume } = await cutDuring('a');
    await expect(run([step('other')], { resume })).rejects.toMatchObject({ code: 'BW-STEP-015' });
  });
});

describe('time limit and interruption', () => {
  const waiting = testType(
    ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(new Error('killed')));
      }),
  );

  it('ends a step that takes too long', async () => {
    const { outcome } = await run([step('slow', { timeoutSeconds: 0.05 })], { types: [waiting] });
    expect(outcome).toMatchObject({ state: 'failed', error: 'BW-STEP-006', code: 0x800705b4 });
  });

  it('a quick step is not harmed by its limit', async () => {
    const { outcome } = await run([step('quick', { timeoutSeconds: 60 })]);
    expect(outcome.state).toBe('completed');
  });

  it('an interruption is not a failure of the step', async () => {
    const controller = new AbortController();
    const promise = run([step('slow', { continueOnError: true })], { types: [waiting], signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    await expect(promise).rejects.toMatchObject({ code: 'BW-HOST-006' });
  });
});

describe('action variables', () => {
  const schema = z.strictObject({
    size: z.string().optional(),
    list: z.array(z.strictObject({ label: z.string() })).optional(),
  });
  const seen: unknown[] = [];
  const types = [
    testType(
      ({ variables }, settings) => {
        seen.push({ settings, size: variables.get('OSDSize'), label: variables.get('OSDList0Label') });
        return { code: 0, message: '' };
      },
      { settings: schema as never, variables: { size: 'OSDSize', 'list.#.label': 'OSDList#Label' } },
    ),
  ];
  const items = [step('a', { settings: { size: '%Unit%5', list: [{ label: 'own' }] } }), step('b', { settings: {} })];

  it('live for their step', async () => {
    seen.length = 0;
    await run(items, { types, sequenceVariables: [{ name: 'Unit', value: 'GB' }] });
    expect(seen).toEqual([
      { settings: { size: 'GB5', list: [{ label: 'own' }] }, size: 'GB5', label: 'own' },
      { settings: {}, size: undefined, label: undefined },
    ]);
  });

  it('an explicit earlier value beats them and stays', async () => {
    seen.length = 0;
    const sequenceVariables = [
      { name: 'osdSIZE', value: '7' },
      { name: 'OSDList0Label', value: 'given' },
    ];
    await run(items, { types, sequenceVariables });
    expect(seen).toEqual([
      { settings: { size: '7', list: [{ label: 'given' }] }, size: '7', label: 'given' },
      { settings: { size: '7' }, size: '7', label: 'given' },
    ]);
  });
});

describe('secrets', () => {
  it('reach the step, and neither events nor saved state', async () => {
    let got: unknown;
    const types = [
      testType(({ variables, log, progress }, settings) => {
        got = [settings['password'], variables.get('Hidden')];
        log('info', `password is ${settings['password']}!`);
        progress(0.5, Buffer.from('hunter22').toString('base64'));
        variables.set('Copy', 'another secret', { hidden: true });
        variables.set('Plain', 'visible');
        return { code: 1, message: `failed with correct horse and ${JSON.stringify('correct "horse"')}` };
      }),
    ];
    const { outcome, events, saves } = await run([step('a', { settings: { password: { $secret: 'pw' } } })], {
      types,
      secrets: { pw: 'hunter22', unused: 'correct "horse"' },
      sequenceVariables: [
        { name: 'Hidden', value: 'correct horse', hidden: true },
        { name: 'Ref', value: { $secret: 'pw' } },
      ],
    });
    expect(got).toEqual(['hunter22', 'correct horse']);
    const states = JSON.stringify([events, saves.map(({ state }) => state), { ...outcome, secrets: undefined }]);
    for (const secret of ['hunter22', 'correct horse', 'another secret', 'aHVudGVyMjI', 'correct \\\\\\"horse'])
      expect(states).not.toContain(secret);
    expect(states).toContain('visible');
    expect(outcome.secrets).toEqual({ Hidden: 'correct horse', Ref: 'hunter22', Copy: 'another secret' });
    expect(outcome.saved.hidden).toEqual(['Copy', 'Hidden', 'Ref']);
  });

  it('hide what holds them, though nobody said so', async () => {
    const types = [
      testType(({ variables }) => {
        variables.set('Output', 'it is hunter22.');
        return { code: 0, message: '', restart: { target: 'disk', message: 'hunter22' } };
      }),
    ];
    const { outcome, saves } = await run([step('a')], { types, secrets: { pw: 'hunter22' } });
    expect(outcome.secrets).toEqual({ Output: 'it is hunter22.' });
    expect(JSON.stringify(saves.map(({ state }) => state))).not.toContain('hunter22');
  });

  it('stay hidden after a restart', async () => {
    const types = [
      testType(({ variables, log }) => {
        log('info', `value ${variables.get('Hidden')}`);
        return { code: 3010, message: '' };
      }),
    ];
    const items = [step('a'), step('b', { successCodes: [3010] })];
    const first = await run(items, {
      types,
      sequenceVariables: [{ name: 'Hidden', value: 'very secret', hidden: true }],
    });
    const second = await run(items, { types, resume: resumeFrom(first.saves.at(-1)) });
    expect(second.events).toContainEqual(expect.objectContaining({ text: 'value ********' }));
    expect(second.outcome.secrets).toEqual({ Hidden: 'very secret' });
  });
});

it('read-only variables are refused for steps and media', async () => {
  const types = [
    testType(({ variables }) => {
      variables.set('_SMSTSInWinPE', 'false');
      return { code: 0, message: '' };
    }),
  ];
  expect((await run([step('a')], { types })).outcome).toMatchObject({ state: 'failed', error: 'BW-STEP-004' });
  await expect(run([step('a')], { sequenceVariables: [{ name: '_SMSTSType', value: '1' }] })).rejects.toMatchObject({
    code: 'BW-STEP-004',
  });
});
