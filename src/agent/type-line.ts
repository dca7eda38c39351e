import type { AgentContext } from './context.ts';
import type { Keyboard } from './keyboard.ts';
import { type Block, gap, type Page, text } from './page.ts';

/** One line that a person types. */
export interface TypedLine<T> extends TypingLine {
  /** What stands there at first. */
  readonly initial?: string;
  /** In characters. */
  readonly longest?: number;
  /** `undefined`: not understood. */
  readonly read: (typed: string) => T | undefined;
  readonly wrong: (typed: string) => string;
}

/** What the page of it shows. */
export interface TypingLine {
  /** Of the page. */
  readonly id: string;
  readonly title: string;
  /** What to write, with an example. */
  readonly help: readonly string[];
  /** In front of what is typed: `UTC: `. */
  readonly label?: string;
  /** Shown as dots. */
  readonly isSecret?: boolean;
  /** Where letters of other layouts may be wanted: F2 goes through them. */
  readonly keyboard?: Keyboard;
  readonly enter?: string;
  /** What Escape does: with `clears` it empties the line, for there is nothing to go back to. */
  readonly escape?: string;
}

/** Asks until it is understood; `undefined` when the person pressed Escape to leave. */
export async function typeLine<T>(
  { terminal }: Pick<AgentContext, 'terminal'>,
  line: TypedLine<T>,
): Promise<T | undefined> {
  const { initial = '', longest = 255, keyboard, read, wrong } = line;
  terminal.discardKeys();
  for (let typed = initial, note = ''; ; ) {
    terminal.show(typingPage(line, typed, note));
    const press = await terminal.press();
    if (press?.kind === 'text') typed = [...typed, ...press.text].slice(0, longest).join('');
    else if (press?.kind === 'backspace') typed = [...typed].slice(0, -1).join('');
    else if (press?.kind === 'clear-line') typed = '';
    else if (press?.kind === 'f2') await keyboard?.next();
    else if (press?.kind === 'escape') {
      if (line.escape !== 'clears') return undefined;
      typed = '';
    } else if (press?.kind === 'enter') {
      // One and the same letter reaches us composed from one keyboard and decomposed from another.
      const value = read(typed.normalize('NFC'));
      if (value !== undefined) return value;
      note = wrong(typed);
    }
  }
}

/** The page while somebody types. Pure. */
export function typingPage(line: TypingLine, typed: string, note: string): Page {
  const { id, title, help, label = '', isSecret = false, keyboard, enter = 'uses it' } = line;
  const shown = isSecret ? '•'.repeat(Math.min([...typed].length, 64)) : typed;
  const said: Block[] = note === '' ? [] : [gap, text(note)];
  const layout: Block[] =
    keyboard === undefined ? [] : [gap, { kind: 'facts', facts: [['Keyboard', keyboard.current]] }];
  return {
    id,
    title,
    tone: note === '' ? 'normal' : 'warning',
    blocks: [...help.map(text), ...said, ...layout, gap, { kind: 'live', text: `${label}${shown}_` }],
    keys: [
      { key: 'Enter', text: enter },
      ...(keyboard === undefined ? [] : [{ key: 'F2', text: 'other keyboard layout' }]),
      { key: 'Esc', text: line.escape ?? 'goes back' },
    ],
  };
}
