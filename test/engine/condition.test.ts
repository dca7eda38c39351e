import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluateCondition } from '../../src/engine/condition.ts';
import { VariableEnvironment } from '../../src/engine/variables.ts';
import type { Condition, VariableOperator } from '../../src/model/sequence.ts';

const environment = new VariableEnvironment();
for (const [name, value] of Object.entries({
  Text: 'Abc',
  Ten: '10',
  Big: '9007199254740993',
  Ref: 'abc',
  Model: 'OptiPlex 7090',
}))
  environment.put(name, value, 'policy');

const check = (variable: string, operator: VariableOperator, value?: string): boolean =>
  evaluateCondition({ kind: 'variable', variable, operator, ...(value === undefined ? {} : { value }) }, environment)
    .result;

describe('variable conditions', () => {
  it.each<[string, VariableOperator, string | undefined, boolean]>([
    ['text', 'exists', undefined, true],
    ['none', 'exists', undefined, false],
    ['none', 'notExists', undefined, true],
    ['Text', 'notExists', undefined, false],
    ['Text', 'equals', 'aBC', true],
    ['Text', 'equals', '%ref%', true],
    ['Text', 'notEquals', 'abc', false],
    ['none', 'equals', '', false],
    ['none', 'notEquals', 'x', true],
    ['none', 'less', '1', false],
    ['none', 'greaterEqual', '', false],
    ['Ten', 'greater', '9', true],
    ['Ten', 'less', '9', false],
    ['Ten', 'lessEqual', '010', true],
    ['Ten', 'greaterEqual', '10', true],
    ['Ten', 'greater', '9x', false],
    ['Big', 'greater', '9007199254740992', true],
    ['Text', 'less', 'abd', true],
    ['Model', 'like', 'opti*', true],
    ['Model', 'like', 'OptiPlex 70?0', true],
    ['Model', 'like', '*', true],
    ['Model', 'like', '', false],
    ['Model', 'like', 'plex', false],
    ['Model', 'notLike', '*plex*', false],
    ['none', 'like', '*', false],
    ['none', 'notLike', '*', true],
  ])('%s %s %j is %s', (variable, operator, value, expected) => {
    expect(check(variable, operator, value)).toBe(expected);
  });
});

const yes: Condition = { kind: 'variable', variable: 'Text', operator: 'exists' };
const no: Condition = { kind: 'variable', variable: 'Text', operator: 'notExists' };

describe('operators', () => {
  it.each<[Condition | undefined, boolean]>([
    [undefined, true],
    [{ kind: 'all', operands: [] }, true],
    [{ kind: 'any', operands: [] }, false],
    [{ kind: 'none', operands: [] }, true],
    [{ kind: 'all', operands: [yes, no] }, false],
    [{ kind: 'any', operands: [yes, no] }, true],
    [{ kind: 'none', operands: [no, no] }, true],
    [{ kind: 'none', operands: [no, yes] }, false],
    [{ kind: 'none', operands: [{ kind: 'none', operands: [yes] }] }, true],
  ])('%j is %s', (condition, expected) => {
    expect(evaluateCondition(condition, environment).result).toBe(expected);
  });

  it('none is not any, for every tree', () => {
    const { tree } = fc.letrec<{ tree: Condition }>((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom(yes, no),
        fc.record({
          kind: fc.constantFrom('all' as const, 'any' as const, 'none' as const),
          operands: fc.array(tie('tree'), { maxLength: 4 }),
        }),
      ),
    }));
    const value = (condition: Condition): boolean => evaluateCondition(condition, environment).result;
    fc.assert(
      fc.property(fc.array(tree, { maxLength: 5 }), (operands) => {
        expect(value({ kind: 'none', operands })).toBe(!value({ kind: 'any', operands }));
        expect(value({ kind: 'all', operands })).toBe(
          value({ kind: 'none', operands: operands.map((o): Condition => ({ kind: 'none', operands: [o] })) }),
        );
      }),
    );
  });

  it('counts what it cannot evaluate as false and says so', () => {
    const condition: Condition = { kind: 'any', operands: [{ kind: 'unsupported', type: 'WMI', raw: '' }, yes] };
    const { result, warnings, trace } = evaluateCondition(condition, environment);
    expect([result, warnings.length, trace.length]).toEqual([true, 1, 1]);
  });

  it('does not follow hostile nesting, nor hostile wildcards', () => {
    let deep: Condition = yes;
    for (let level = 0; level < 10_000; level++) deep = { kind: 'all', operands: [deep] };
    expect(evaluateCondition(deep, environment).result).toBe(false);
    environment.put('Long', 'a'.repeat(4000), 'policy');
    expect(check('Long', 'like', `${'*a'.repeat(40)}*b`)).toBe(false);
  });
});
