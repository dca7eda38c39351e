import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { run, step, testType } from './harness.ts';

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
