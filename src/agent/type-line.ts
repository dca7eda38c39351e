import type { AgentContext } from './context.ts';
import { type Block, gap, type Page, text } from './page.ts';

/** One line that a person types. */
export interface TypedLine<T> {
  /** Of the page. */
  readonly id: string;
  readonly title: string;
  /** What to write, with an example. */
  readonly help: string;
  /** In front of what is typed: `UTC: `. */
  readonly label?: string;
  /** Shown as dots. */
  readonly isSecret?: boolean;
  /** `undefined`: not understood. */
  readonly read: (typed: string) => T | undefined;
  readonly wrong: (typed: string) => string;
}

const longest = 255;

/** Asks until it is understood; `undefined` when the person pressed Escape. */
export async function typeLine<T>(
  { terminal }: Pick<AgentContext, 'terminal'>,
  line: TypedLine<T>,
): Promise<T | undefined> {
  terminal.discardKeys();
  for (let typed = '', note = ''; ; ) {
    terminal.show(typingPage(line, typed, note));
    const press = await terminal.press();
    if (press?.kind === 'text') typed = (typed + press.text).slice(0, longest);
    else if (press?.kind === 'backspace') typed = [...typed].slice(0, -1).join('');
    else if (press?.kind === 'clear-line') typed = '';
    else if (press?.kind === 'escape') return undefined;
    else if (press?.kind === 'enter') {
      const value = line.read(typed);
      if (value !== undefined) return value;
      note = line.wrong(typed);
    }
  }
}

/** The page while somebody types. Pure. */
export function typingPage(
  { id, title, help, label = '', isSecret = false }: Omit<TypedLine<unknown>, 'read' | 'wrong'>,
  typed: string,
  note: string,
): Page {
  const shown = isSecret ? '•'.repeat(Math.min([...typed].length, 64)) : typed;
  const said: Block[] = note === '' ? [] : [gap, text(note)];
  return {
    id,
    title,
    tone: 'normal',
    blocks: [text(help), ...said, gap, { kind: 'live', text: `${label}${shown}_` }],
    keys: [
      { key: 'Enter', text: 'uses it' },
      { key: 'Esc', text: 'goes back' },
    ],
  };
}
