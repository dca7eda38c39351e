import { expect, it } from 'vitest';
import { askForVariables, openVariables } from '../../src/agent/ask-variables.ts';
import { runPrestartOf } from '../../src/agent/prestart.ts';
import type { Policy } from '../../src/model/policy.ts';
import type { SequenceVariable } from '../../src/model/sequence.ts';
import { type Act, enter, escapeKey, scripted } from './scripted.ts';

const policyWith = (own: SequenceVariable[], given: SequenceVariable[] = [], unattended = false): Policy =>
  ({ sequence: { variables: own }, variables: given, unattended, keyboard: 'us' }) as unknown as Policy;

async function ask(acts: readonly Act[], policy: Policy) {
  const person = scripted(acts);
  return { ...person, answers: await askForVariables(person.context, policy) };
}

const empty = (name: string, hidden = false): SequenceVariable => ({ name, value: '', ...(hidden ? { hidden } : {}) });

it('asks for what has no value in the end, whoever named it', () => {
  const own = [empty('A'), { name: 'B', value: 'b' }, empty('C'), { name: 'D', value: { $secret: 'd' } }];
  const names = openVariables(policyWith(own, [{ name: 'a', value: '1' }, empty('b'), empty('E')])).map(
    ({ name }) => name,
  );
  expect(names).toEqual(['C', 'b', 'E']);
});

it('takes what is typed, leaves out what stays empty, and goes back', async () => {
  const { answers, pages } = await ask(
    ['12', enter, escapeKey, '3', enter, enter, 'x', enter],
    policyWith([empty('Room'), empty('Floor'), empty('Desk')]),
  );
  expect(answers).toEqual([
    { name: 'Room', value: '123' },
    { name: 'Desk', value: 'x' },
  ]);
  expect(pages[0]?.title).toBe('Task sequence variable Room (1 of 3)');
});

it('shows nothing of a hidden one', async () => {
  const { answers, pages, events, context } = await ask(['s3cret!', enter], policyWith([empty('AdminPassword', true)]));
  expect(answers).toEqual([{ name: 'AdminPassword', value: 's3cret!', hidden: true }]);
  expect(JSON.stringify([pages, events])).not.toContain('s3cret!');
  expect(context.mask.text('s3cret!')).not.toContain('s3cret!');
});

it('asks nobody on unattended media', async () => {
  expect((await ask([], policyWith([empty('Room')], [], true))).answers).toEqual([]);
});

it('runs the prestart command in the folder of its files', async () => {
  const asked: unknown[] = [];
  const machine = {
    command: async (request: unknown) => {
      asked.push(request);
      return { code: 3, output: 'not today', timedOut: false };
    },
  };
  const { context, events } = scripted([], { machine: machine as never });
  await runPrestartOf(context, '/run/medium', { command: 'sh x.sh', folder: 'bootwright/content/tools' });
  await runPrestartOf(context, '/run/medium', { command: 'true' });
  await runPrestartOf(context, '/run/medium', undefined);
  expect(asked).toEqual([
    { command: 'sh x.sh', directory: '/run/medium/bootwright/content/tools' },
    { command: 'true' },
  ]);
  // It changes nothing that it failed: what it was to prepare shows by itself when it is missing.
  expect(JSON.stringify(events)).toContain('Ended with 3: not today');
});
