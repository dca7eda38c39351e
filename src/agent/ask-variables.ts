import type { Policy } from '../model/policy.ts';
import type { SequenceVariable } from '../model/sequence.ts';
import type { AgentContext } from './context.ts';
import { openKeyboard } from './keyboard.ts';
import { joinVariables } from './prestart.ts';
import { type TypedLine, typeLine } from './type-line.ts';

/** As long as Configuration Manager allows a value to be. */
const longestValue = 4000;

/** Variables that were named without a value: somebody at the machine is to give one. Pure. */
export function openVariables(policy: Pick<Policy, 'sequence' | 'variables'>): SequenceVariable[] {
  return joinVariables(policy.sequence.variables, policy.variables).filter(({ value }) => value === '');
}

/**
 * Asks for every variable that has no value, unless nobody is to be asked anything. Hidden ones are typed as dots. Returns
 * what was typed; what is left empty stays without a value.
 */
export async function askForVariables(
  context: AgentContext,
  policy: Pick<Policy, 'sequence' | 'variables' | 'unattended' | 'keyboard'>,
): Promise<readonly SequenceVariable[]> {
  const open = policy.unattended ? [] : openVariables(policy);
  if (open.length === 0) return [];
  const keyboard = await openKeyboard(context.paths.keymaps, policy.keyboard);
  const answers = new Map<string, string>();
  for (let position = 0; position < open.length; ) {
    const variable = open[position]!;
    const id = `variable-${variable.name}`;
    const isSecret = variable.hidden === true;
    context.emit({ type: 'prompt.shown', prompt: 'input', text: `Value of ${variable.name}` });
    const question = variableQuestion(variable, position, open.length);
    const typed = await typeLine(context, { ...question, keyboard, initial: answers.get(variable.name) ?? '' });
    const told = typed === undefined ? 'back' : isSecret ? '********' : typed;
    context.emit({ type: 'prompt.answered', prompt: 'input', answer: `${id}: ${told}` });
    if (typed === undefined) {
      position = Math.max(0, position - 1);
      continue;
    }
    if (isSecret && typed !== '') context.mask.add(typed);
    answers.set(variable.name, typed);
    position += 1;
  }
  return open.flatMap(({ name, hidden }) => {
    const value = answers.get(name) ?? '';
    return value === '' ? [] : [{ name, value, ...(hidden === true ? { hidden } : {}) }];
  });
}

/** The page for one of them. Pure. */
export function variableQuestion(
  { name, hidden }: SequenceVariable,
  position: number,
  count: number,
): TypedLine<string> {
  return {
    id: `variable-${name}`,
    title: `Task sequence variable ${name}${count === 1 ? '' : ` (${position + 1} of ${count})`}`,
    help: ['The task sequence uses this variable, and it has no value yet.', 'Empty: it stays without one.'],
    label: `${name}: `,
    longest: longestValue,
    isSecret: hidden === true,
    ...(position === 0 ? { escape: 'clears' } : {}),
    read: (typed) => typed.trim(),
    wrong: () => '',
  };
}
