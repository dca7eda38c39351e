import { describe, expect, it } from 'vitest';
import { SimulatedMachine } from '../../src/machine/simulated/machine.ts';
import { blankModel } from '../../src/machine/simulated/model.ts';
import { resumeFrom, run, step, testType } from './harness.ts';

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
