import { describe, expect, it } from 'vitest';
import { resumeFrom, run, step, testType } from './harness.ts';

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
