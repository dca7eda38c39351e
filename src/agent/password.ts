import { BootwrightError } from '../model/error.ts';
import { recoveryKeySlip } from '../trust/recovery-key.ts';
import type { AgentContext } from './context.ts';
import type { Keyboard } from './keyboard.ts';
import { gap, type Page, text } from './page.ts';

/** Seconds to wait before try number `attempt` (from 1): none for the first three, then 5, 10, 20 … 300. */
export function pauseBefore(attempt: number): number {
  return attempt <= 3 ? 0 : Math.min(300, 5 * 2 ** (attempt - 4));
}

export interface PasswordQuestion<Opened> {
  readonly keyboard: Keyboard;
  /** Instead of the one for media. */
  readonly title?: string;
  /** Tries a password. @throws BW-TRUST-002 for a wrong one; everything else ends the question */
  readonly open: (password: string) => Promise<Opened>;
  /** Why it is asked, for a person who saw it once already. */
  readonly reason?: string;
  /** Looks for a stick whose key opens it too; asked first, and again when Enter is pressed without a password. */
  readonly stick?: () => Promise<Opened | undefined>;
  readonly signal?: AbortSignal;
}

/**
 * Asks until the password opens what it is for. It is compared as NFC: one and the same letter reaches us composed
 * from one keyboard and decomposed from another. `undefined` only when the signal aborted.
 */
export async function askPassword<Opened>(
  context: AgentContext,
  { keyboard, title, open, reason, stick, signal }: PasswordQuestion<Opened>,
): Promise<Opened | undefined> {
  const { terminal, emit, clock } = context;
  let slip: string | undefined;
  const known = await stick?.();
  if (known !== undefined) return known;
  for (let attempt = 1; ; attempt += 1) {
    for (let left = pauseBefore(attempt); left > 0; left -= 1) {
      terminal.show(page({ note: `Wrong password. The next try is possible in ${left} s.` }));
      await clock.sleep(1000, signal).catch(() => undefined);
      if (signal?.aborted === true) return undefined;
    }
    const wrong = `Wrong password. ${slip ?? 'Mind the keyboard layout, Caps Lock and Num Lock.'}`;
    const note = attempt === 1 ? (reason ?? '') : wrong;
    terminal.discardKeys();
    emit({ type: 'prompt.shown', prompt: 'password', text: note === '' ? 'Password' : note, attempt });
    const typed = await typeUntilStick(note);
    if (typed === undefined || typeof typed !== 'string') return typed?.opened;
    terminal.show(page({ note: 'Checking …', keys: false }));
    try {
      const opened = await open(typed.normalize('NFC'));
      emit({ type: 'prompt.answered', prompt: 'password', answer: 'right' });
      context.mask.add(typed);
      return opened;
    } catch (error) {
      if (!(error instanceof BootwrightError && error.code === 'BW-TRUST-002')) throw error;
      emit({ type: 'prompt.answered', prompt: 'password', answer: 'wrong' });
      slip = recoveryKeySlip(typed);
    }
  }

  /** Enter alone looks for a stick, as often as wanted. */
  async function typeUntilStick(note: string): Promise<string | { readonly opened: Opened } | undefined> {
    let said = note;
    for (;;) {
      const typed = await typePassword(said);
      if (typed !== '') return typed;
      terminal.show(page({ note: 'Looking for a stick with a key ...', keys: false }));
      const opened = await stick?.();
      if (opened !== undefined) return { opened };
      said = 'No stick with a key of this medium was found.';
    }
  }

  async function typePassword(note: string): Promise<string | undefined> {
    let typed = '';
    for (;;) {
      terminal.show(page({ note, length: [...typed].length }));
      const press = await terminal.press(signal === undefined ? {} : { signal });
      if (press === undefined) {
        if (signal?.aborted === true) return undefined;
      } else if (press.kind === 'text') typed += press.text;
      else if (press.kind === 'backspace') typed = [...typed].slice(0, -1).join('');
      else if (press.kind === 'escape' || press.kind === 'clear-line') typed = '';
      else if (press.kind === 'f2') await keyboard.next();
      else if (press.kind === 'enter' && (typed !== '' || stick !== undefined)) return typed;
    }
  }

  function page({ note, length, keys = true }: { note: string; length?: number; keys?: boolean }): Page {
    return {
      id: 'password',
      title: title ?? 'This medium is protected by a password',
      tone: note.startsWith('Wrong') ? 'warning' : 'normal',
      blocks: [
        ...(note === '' ? [] : [text(note), gap]),
        { kind: 'facts', facts: [['Keyboard', keyboard.current]] },
        gap,
        { kind: 'live', text: `Password: ${'•'.repeat(Math.min(length ?? 0, 64))}${length === undefined ? '' : '_'}` },
      ],
      keys: keys
        ? [
            { key: 'Enter', text: stick === undefined ? 'goes on' : 'goes on; alone: looks for a key stick' },
            { key: 'F2', text: 'other keyboard layout' },
            { key: 'Esc', text: 'clears' },
          ]
        : [],
    };
  }
}
