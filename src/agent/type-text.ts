import type { AgentContext } from './context.ts';
import type { Keyboard } from './keyboard.ts';
import { gap, type Page, text } from './page.ts';

export interface TextQuestion {
  readonly id: string;
  readonly title: string;
  /** What belongs here, with examples. */
  readonly help: readonly string[];
  readonly label: string;
  /** What stands there at first. */
  readonly initial?: string;
  readonly longest: number;
  /** Dots instead of letters, and nothing of it in events. */
  readonly secret?: boolean;
  readonly keyboard: Keyboard;
  /** What is wrong with it; `undefined` when nothing is. */
  readonly fault?: (typed: string) => string | undefined;
  /** Whether Esc leads to a question before this one. */
  readonly canGoBack: boolean;
}

/** Lets a person type one line. `undefined`: back to the question before. */
export async function typeText(context: AgentContext, question: TextQuestion): Promise<string | undefined> {
  const { terminal, emit } = context;
  const { id, initial = '', longest, secret = false, keyboard, fault, canGoBack } = question;
  terminal.discardKeys();
  emit({ type: 'prompt.shown', prompt: 'input', text: question.title });
  for (let typed = initial, note = ''; ; ) {
    terminal.show(typingPage(question, typed, note));
    const press = await terminal.press();
    if (press?.kind === 'text') typed = [...typed, ...press.text].slice(0, longest).join('');
    else if (press?.kind === 'backspace') typed = [...typed].slice(0, -1).join('');
    else if (press?.kind === 'clear-line') typed = '';
    else if (press?.kind === 'f2') await keyboard.next();
    else if (press?.kind === 'escape') {
      if (!canGoBack) typed = '';
      else {
        emit({ type: 'prompt.answered', prompt: 'input', answer: `${id}: back` });
        return undefined;
      }
    } else if (press?.kind === 'enter') {
      const value = secret ? typed : typed.trim();
      const wrong = fault?.(value);
      if (wrong === undefined) {
        emit({ type: 'prompt.answered', prompt: 'input', answer: secret ? `${id}: ********` : `${id}: ${value}` });
        return value;
      }
      note = wrong;
    }
  }
}

function typingPage(
  { id, title, help, label, secret, keyboard, canGoBack }: TextQuestion,
  typed: string,
  note: string,
): Page {
  const shown = secret === true ? '•'.repeat(Math.min([...typed].length, 64)) : typed;
  return {
    id,
    title,
    tone: note === '' ? 'normal' : 'warning',
    blocks: [
      ...help.map(text),
      ...(note === '' ? [] : [gap, text(note)]),
      gap,
      { kind: 'facts', facts: [['Keyboard', keyboard.current]] },
      gap,
      { kind: 'live', text: `${label}: ${shown}_` },
    ],
    keys: [
      { key: 'Enter', text: 'goes on' },
      { key: 'F2', text: 'other keyboard layout' },
      { key: 'Esc', text: canGoBack ? 'goes back' : 'clears' },
    ],
  };
}
