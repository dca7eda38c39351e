import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SequenceItem } from '../../src/model/sequence.ts';
import { group, resumeFrom, run, step, testType, variableIs } from './harness.ts';

/** Names say what a step does: one that begins with `f` fails. */
const types = [
  testType(
    ({ variables }) => ({ code: variables.get('_SMSTSCurrentActionName')?.startsWith('f') ? 1 : 0, message: '' }),
    { repeatable: true },
  ),
];

const common = fc.record({
  disabled: fc.boolean(),
  continueOnError: fc.boolean(),
  condition: fc.option(fc.constantFrom(variableIs('Yes', 'yes'), variableIs('Yes', 'no')), { nil: undefined }),
});

const { items } = fc.letrec<{ items: SequenceItem[]; item: SequenceItem }>((tie) => ({
  item: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.tuple(fc.constantFrom('ok', 'f'), common).map(([name, rest]) => step(name, clean(rest))),
    fc.tuple(tie('items'), common).map(([children, rest]) => group('g', children, clean(rest))),
  ),
  items: fc.array(tie('item'), { maxLength: 5 }),
}));

function clean({
  condition,
  ...rest
}: {
  disabled: boolean;
  continueOnError: boolean;
  condition: ReturnType<typeof variableIs> | undefined;
}) {
  return { ...rest, ...(condition === undefined ? {} : { condition }) };
}

/** Every step a name of its own, so that orders can be compared. */
function number(list: readonly SequenceItem[], counter = { next: 0 }): SequenceItem[] {
  return list.map((item) => {
    const name = `${item.name}${counter.next++}`;
    return item.kind === 'group' ? { ...item, name, items: number(item.items, counter) } : { ...item, name };
  });
}

/** The rules once more, as a person would say them: recursion instead of an instruction pointer. */
function reference(list: readonly SequenceItem[], ran: string[]): boolean {
  for (const item of list) {
    const holds = item.condition?.kind !== 'variable' || item.condition.value === 'yes';
    if (item.disabled || !holds) continue;
    let succeeded: boolean;
    if (item.kind === 'group') succeeded = reference(item.items, ran);
    else {
      ran.push(item.name);
      succeeded = !item.name.startsWith('f');
    }
    if (!succeeded && !item.continueOnError) return false;
  }
  return true;
}

const sequenceVariables = [{ name: 'Yes', value: 'yes' }];
const ranIn = (story: readonly string[]): string[] =>
  story.flatMap((line) => (line.startsWith('started:') ? [line.slice(8)] : []));

describe('any tree', () => {
  it('runs the steps the rules name, in that order, and ends as they say', async () => {
    await fc.assert(
      fc.asyncProperty(items, async (drawn) => {
        const tree = number(drawn);
        const expected: string[] = [];
        const succeeds = reference(tree, expected);
        const { outcome, story } = await run(tree, { types, sequenceVariables });
        expect(ranIn(story)).toEqual(expected);
        expect(outcome.state).toBe(succeeds ? 'completed' : 'failed');
      }),
      { numRuns: 300 },
    );
  });

  it('ends the same wherever the power was cut, and repeats at most the step it was in', async () => {
    await fc.assert(
      fc.asyncProperty(items, fc.nat(), async (drawn, where) => {
        const tree = number(drawn);
        const whole = await run(tree, { types, sequenceVariables });
        const saves = whole.saves.filter(({ state }) => state.phase === 'running' || state.phase === 'ready');
        if (saves.length === 0) return;
        const cut = saves[where % saves.length]!;
        const rest = await run(tree, { types, resume: resumeFrom(cut) });
        expect(rest.outcome.state).toBe(whole.outcome.state);
        const before = whole.saves
          .slice(0, whole.saves.indexOf(cut) + 1)
          .filter(({ state }) => state.phase === 'running').length;
        const already = cut.state.phase === 'running' ? before - 1 : before;
        expect(ranIn(whole.story).slice(already)).toEqual(ranIn(rest.story));
      }),
      { numRuns: 200 },
    );
  });

  it('never counts past the total', async () => {
    await fc.assert(
      fc.asyncProperty(items, async (drawn) => {
        const { events } = await run(number(drawn), { types, sequenceVariables });
        const numbers = events.flatMap((event) =>
          event.type === 'step.started' ? [[event.index, event.total] as const] : [],
        );
        numbers.forEach(([index, total], position) => {
          expect(index).toBeLessThanOrEqual(total);
          expect(index).toBeGreaterThan(numbers[position - 1]?.[0] ?? 0);
        });
      }),
    );
  });
});
