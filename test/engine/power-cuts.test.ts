import { describe, expect, it } from 'vitest';
import { group, resumeFrom, run, step, testType } from './harness.ts';

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
