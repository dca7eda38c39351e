import { setSystemClock } from '../host/system-clock.ts';
import { BootwrightError } from '../model/error.ts';
import type { Policy } from '../model/policy.ts';
import type { AgentContext } from './context.ts';
import { gap, type Page, text } from './page.ts';
import { ask } from './question.ts';
import { typeLine } from './type-line.ts';

/** The range as a policy has it; either end may be open. */
export type DateRange = Pick<Policy, 'validFrom' | 'validTo'>;

export function isWithin({ validFrom, validTo }: DateRange, date: Date): boolean {
  return (
    (validFrom === undefined || date.getTime() >= Date.parse(validFrom)) &&
    (validTo === undefined || date.getTime() < Date.parse(validTo))
  );
}

/**
 * Goes on only within the medium's time. A machine with an empty battery believes in another decade, so the clock is
 * named as the first suspect and can be set. `false` when the person gave up.
 */
export async function checkDates(context: AgentContext, range: DateRange): Promise<boolean> {
  for (let problem: string | undefined; ; ) {
    const believed = context.clock.now();
    if (isWithin(range, believed)) return true;
    const refused = dateError(range, believed);
    context.emit({ type: 'agent.refused', code: refused.code, message: refused.message });
    const answered = await ask(context, {
      prompt: 'clock',
      page: () => clockPage(range, believed, problem),
      answers: { f2: 'set', enter: 'restart' },
    });
    if (answered?.answer !== 'set') return false;
    problem = await setClock(context);
  }
}

function dateError(range: DateRange, believed: Date): BootwrightError {
  return new BootwrightError(
    'BW-AGENT-001',
    `This machine believes it is ${inWords(believed)}; this medium may be used ${rangeInWords(range)}. No disk was touched.`,
  );
}

/** `2019-01-01 00:00` or with a `T`, taken as UTC; `undefined` for anything else. */
export function parseClock(typed: string): Date | undefined {
  const match = /^(\d{4}-\d\d-\d\d)(?:[ T]+(\d{1,2}):(\d\d))?$/.exec(typed.trim());
  if (match === null) return undefined;
  const [, day = '', hour = '12', minute = '00'] = match;
  const date = new Date(`${day}T${hour.padStart(2, '0')}:${minute}:00Z`);
  // 31 February must not quietly become 3 March.
  return Number.isNaN(date.getTime()) || !date.toISOString().startsWith(day) ? undefined : date;
}

async function setClock(context: AgentContext): Promise<string | undefined> {
  const date = await typeLine(context, {
    ...{ id: 'clock-typing', title: 'What is the date and time, in UTC?', label: 'UTC: ', longest: 20 },
    help: ['Year-month-day hour:minute, for example 2026-03-31 14:30'],
    ...{ enter: 'sets the clock', escape: 'leaves it as it is' },
    read: parseClock,
    wrong: (typed) => `"${typed}" is no date. Type it like 2026-03-31 14:30.`,
  });
  if (date === undefined) return undefined;
  context.emit({ type: 'prompt.answered', prompt: 'clock', answer: `set to ${date.toISOString()}` });
  return setSystemClock(date).then(
    () => undefined,
    (error: Error) => `The clock could not be set: ${error.message}`,
  );
}

function clockPage(range: DateRange, believed: Date, problem: string | undefined): Page {
  return {
    id: 'clock',
    title: `This machine believes it is ${inWords(believed)}`,
    tone: 'error',
    blocks: [
      text(`This medium may be used ${rangeInWords(range)}.`),
      gap,
      text('If the clock of this machine is wrong, F2 sets it. If it is right, a new medium has to be made.'),
      text('No disk was touched.'),
      ...(problem === undefined ? [] : [gap, text(problem)]),
    ],
    keys: [
      { key: 'F2', text: 'sets the clock' },
      { key: 'Enter', text: 'restarts the machine' },
    ],
  };
}

function rangeInWords({ validFrom, validTo }: DateRange): string {
  return [
    ...(validFrom === undefined ? [] : [`from ${inWords(new Date(validFrom))}`]),
    ...(validTo === undefined ? [] : [`until ${inWords(new Date(validTo))}`]),
  ].join(' ');
}

function inWords(date: Date): string {
  return `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
