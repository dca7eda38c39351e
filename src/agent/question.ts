import type { AgentContext } from './context.ts';
import type { NamedKey } from './keys.ts';
import type { Page } from './page.ts';

/** A page that waits for one of a few keys. */
export interface Question<Answer extends string> {
  readonly prompt: 'confirm' | 'failure' | 'clock' | 'resume' | 'approval' | 'choice' | 'network';
  /** `left`: seconds of the countdown, `undefined` when there is none or it was stopped. */
  readonly page: (left: number | undefined) => Page;
  /** Key → answer. Letters in lower case; either case answers. */
  readonly answers: Readonly<Partial<Record<NamedKey | Letter, Answer>>>;
  /** Without a key for that long, this is the answer. Escape stops it, unless Escape is an answer itself. */
  readonly countdown?: { readonly seconds: number; readonly answer: Answer };
  /** `false`: Escape does not stop the countdown. */
  readonly stoppable?: boolean;
  readonly signal?: AbortSignal;
}

export type Letter =
  | 'a'
  | 'i'
  | 'l'
  | 'm'
  | 'n'
  | 'p'
  | 'r'
  | 's'
  | 'v'
  | '1'
  | '2'
  | '3'
  | '4'
  | '5'
  | '6'
  | '7'
  | '8'
  | '9';

export interface Answered<Answer extends string> {
  readonly answer: Answer;
  /** The console it came from; empty when the countdown answered. */
  readonly console: string;
}

/** Asks and waits, forever if need be. `undefined` only when the signal aborted. */
export async function ask<Answer extends string>(
  context: AgentContext,
  question: Question<Answer>,
): Promise<Answered<Answer> | undefined> {
  const { terminal, emit } = context;
  const { prompt, page, answers, countdown, stoppable = true, signal } = question;
  let left = countdown?.seconds;
  terminal.discardKeys();
  terminal.show(page(left));
  emit({ type: 'prompt.shown', prompt, text: page(left).title });
  for (;;) {
    const press = await pressWithin(context, left === undefined ? undefined : 1000, signal);
    if (signal?.aborted === true) return undefined;
    if (press === undefined) {
      left = left === undefined ? undefined : left - 1;
      if (left === 0 && countdown !== undefined) return answered(countdown.answer, '');
      terminal.show(page(left));
      continue;
    }
    const name = press.kind === 'text' ? press.text.toLowerCase() : press.kind;
    const answer = (answers as Readonly<Record<string, Answer | undefined>>)[name];
    if (answer !== undefined) return answered(answer, press.console);
    if (press.kind === 'escape' && left !== undefined && stoppable) {
      left = undefined;
      terminal.show(page(left));
      emit({ type: 'prompt.answered', prompt, answer: 'countdown stopped' });
    }
  }

  function answered(answer: Answer, console: string): Answered<Answer> {
    emit({ type: 'prompt.answered', prompt, answer });
    return { answer, console };
  }
}

function pressWithin(
  { terminal }: AgentContext,
  milliseconds: number | undefined,
  signal: AbortSignal | undefined,
): ReturnType<AgentContext['terminal']['press']> {
  return terminal.press({
    ...(milliseconds === undefined ? {} : { milliseconds }),
    ...(signal === undefined ? {} : { signal }),
  });
}
