import { describe, expect, it } from 'vitest';
import { deployedSecrets } from '../../src/agent/deployed-secrets.ts';
import type { Condition, Environment, SequenceItem, SettingValue } from '../../src/model/sequence.ts';

function step(
  settings: Record<string, SettingValue>,
  environments: readonly Environment[] = ['deployed'],
  more: { disabled?: boolean; condition?: Condition } = {},
): SequenceItem {
  return {
    kind: 'step',
    name: 'Run',
    description: '',
    disabled: false,
    continueOnError: false,
    type: 'SMS_TaskSequence_RunCommandLineAction',
    settings,
    environments,
    successCodes: [0],
    retryCount: 0,
    timeoutSeconds: 0,
    ...more,
  };
}

function group(items: readonly SequenceItem[], condition?: Condition, disabled = false): SequenceItem {
  const base = { kind: 'group' as const, name: 'G', description: '', disabled, continueOnError: false, items };
  return condition === undefined ? base : { ...base, condition };
}

const inBoot: Condition = { kind: 'variable', variable: '_SMSTSInWinPE', operator: 'equals', value: 'true' };

function read(items: readonly SequenceItem[], after?: number): ReturnType<typeof deployedSecrets> {
  const policy = {
    sequence: {
      id: 's',
      name: 's',
      description: '',
      dialect: 'yaml' as const,
      variables: [{ name: 'Greeting', value: 'hello %Who%' }],
      references: [],
      items,
    },
    variables: [{ name: 'Who', value: { $secret: 'who' } }],
  };
  return deployedSecrets(policy, after);
}

describe('deployedSecrets', () => {
  it('finds secrets and variables however deep they are', () => {
    const found = read([
      step({ command: 'x %A%-%B%', input: { $secret: 'join' }, secrets: { k: { $secret: 'deep' } } }),
    ]);
    expect(found.secrets).toEqual(['deep', 'join']);
    expect(found.variables).toEqual(expect.arrayContaining(['a', 'b']));
  });

  it('follows variables whose values name others', () => {
    const found = read([step({ command: 'echo %greeting%' })]);
    expect(found.variables).toEqual(expect.arrayContaining(['greeting', 'who']));
    expect(found.secrets).toEqual(['who']);
  });

  it('counts what conditions read', () => {
    const condition: Condition = {
      kind: 'any',
      operands: [{ kind: 'variable', variable: 'Role', operator: 'equals', value: '%Wanted%' }],
    };
    expect(read([step({}, ['deployed'], { condition })]).variables).toEqual(expect.arrayContaining(['role', 'wanted']));
  });

  const secret = { input: { $secret: 'x' } };
  it.each<[string, SequenceItem[], number | undefined]>([
    ['steps of the boot environment', [step(secret, ['boot'])], undefined],
    ['disabled steps', [step(secret, ['deployed'], { disabled: true })], undefined],
    ['disabled groups', [group([group([step(secret)])], undefined, true)], undefined],
    ['groups for the boot environment', [group([step(secret, ['boot', 'deployed'])], inBoot)], undefined],
    ['groups for it among other conditions', [group([step(secret)], { kind: 'all', operands: [inBoot] })], undefined],
    ['steps that ran already', [step(secret), step({})], 1],
  ])('leaves out %s', (_, items, after) => {
    expect(read(items, after).secrets).toEqual([]);
  });

  it('does not leave out what might run after all', () => {
    const maybe: Condition = {
      kind: 'any',
      operands: [inBoot, { kind: 'variable', variable: 'x', operator: 'exists' }],
    };
    expect(read([group([step(secret, ['boot', 'deployed'])], maybe)]).secrets).toEqual(['x']);
  });
});
