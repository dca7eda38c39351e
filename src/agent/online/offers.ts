import { BootwrightError } from '../../model/error.ts';
import type { Offer } from '../../model/protocol.ts';
import type { AgentContext } from '../context.ts';
import { type Block, gap, type Page, text } from '../page.ts';
import { ask, type Letter } from '../question.ts';

/**
 * What is started without asking: the preferred deployment, also a hidden one; else a required one; else the only one.
 * Pure.
 */
export function startsByItself(offers: readonly Offer[], preferred: string | undefined): Offer | undefined {
  const named = offers.find(({ deployment }) => deployment.toLowerCase() === preferred?.toLowerCase());
  const visible = offers.filter(({ hidden }) => !hidden);
  return (
    named ?? visible.find(({ purpose }) => purpose === 'required') ?? (visible.length === 1 ? visible[0] : undefined)
  );
}

/** Whether what will be run, or everything it could be, is released already. Pure. */
export function needsNobody(
  offers: readonly Offer[],
  preferred: string | undefined,
  released: ReadonlySet<string>,
): boolean {
  const alone = startsByItself(offers, preferred);
  const wanted = alone === undefined ? offers.filter(({ hidden }) => !hidden) : [alone];
  return wanted.length > 0 && wanted.every(({ deployment }) => released.has(deployment));
}

/** Whether somebody may say no to what starts by itself. Pure. */
export function isRefusable({ purpose, refusable }: Pick<Offer, 'purpose' | 'refusable'>): boolean {
  return purpose !== 'required' || refusable !== false;
}

const digits = ['1', '2', '3', '4', '5', '6', '7', '8', '9'] as const satisfies readonly Letter[];

/** The offer to run; the person chooses when there are several. `undefined`: none of them. @throws BW-AGENT-043 */
export async function chooseOffer(
  context: AgentContext,
  offers: readonly Offer[],
  preferred: string | undefined,
): Promise<Offer | undefined> {
  const alone = startsByItself(offers, preferred);
  if (alone !== undefined) return alone;
  const visible = offers.filter(({ hidden }) => !hidden);
  if (visible.length === 0)
    throw new BootwrightError('BW-AGENT-043', 'No task sequence is available for this machine.');
  const pages = Math.ceil(visible.length / digits.length);
  for (let number = 0; ; number = (number + 1) % pages) {
    const shown = visible.slice(number * digits.length, (number + 1) * digits.length);
    const answered = await ask<string>(context, {
      prompt: 'choice',
      page: () => listPage(shown, number + 1, pages),
      answers: {
        ...Object.fromEntries(shown.map(({ deployment }, index) => [digits[index] ?? '', deployment])),
        ...(pages > 1 ? { n: '' } : {}),
        escape: 'none of them',
      },
    });
    if (answered?.answer === 'none of them') return undefined;
    const chosen = shown.find(({ deployment }) => deployment === answered?.answer);
    if (chosen !== undefined) return chosen;
  }
}

function listPage(offers: readonly Offer[], number: number, pages: number): Page {
  const line = ({ name, description }: Offer, index: number): Block[] => [
    text(`${digits[index]}  ${name}`),
    ...(description === '' ? [] : [text(`   ${description.slice(0, 70)}`)]),
  ];
  return {
    id: `offers-${number}`,
    title: 'What is this machine to become?',
    tone: 'normal',
    blocks: [...offers.flatMap(line), ...(pages > 1 ? [gap, text(`Page ${number} of ${pages}`)] : [])],
    keys: [
      { key: `1–${offers.length}`, text: 'chooses' },
      ...(pages > 1 ? [{ key: 'N', text: 'next page' }] : []),
      { key: 'Esc', text: 'restarts the machine, changes nothing' },
    ],
  };
}
