import { describe, expect, it } from 'vitest';
import { run, step, testType } from './harness.ts';

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
