import { describe, expect, it } from 'vitest';
import type { Keyboard } from '../../src/agent/keyboard.ts';
import { layoutOrder } from '../../src/agent/keyboard.ts';
import { askPassword, pauseBefore } from '../../src/agent/password.ts';
import { BootwrightError } from '../../src/model/error.ts';
import { enter, escapeKey, scripted } from './scripted.ts';

const keyboard: Keyboard = { current: 'de', next: async () => undefined };

function opens(right: string): (password: string) => Promise<string> {
  return async (password) => {
    if (password !== right) throw new BootwrightError('BW-TRUST-002', 'wrong');
    return 'opened';
  };
}

describe('askPassword', () => {
  it('takes what was typed, corrections included', async () => {
    const { context } = scripted(['gehx', { kind: 'backspace' }, 'eim', enter]);
    await expect(askPassword(context, { keyboard, open: opens('geheim') })).resolves.toBe('opened');
  });

  it('takes German and other letters, composed whatever the keyboard sent', async () => {
    const { context } = scripted(['Schlu\u0308ssel-пароль-鍵', enter]);
    await expect(askPassword(context, { keyboard, open: opens('Schlüssel-пароль-鍵') })).resolves.toBe('opened');
  });

  it('shows dots, never the password, and says so in no event', async () => {
    const { context, pages, events } = scripted(['hunter2', enter]);
    await askPassword(context, { keyboard, open: opens('hunter2') });
    expect(JSON.stringify(pages)).toContain('•••••••_');
    expect(JSON.stringify([pages, events])).not.toContain('hunter2');
    expect(context.mask.text('it was hunter2')).not.toContain('hunter2');
  });

  it('Escape clears, Enter on nothing asks on', async () => {
    const { context, events } = scripted(['wrong', escapeKey, enter, 'right', enter]);
    await askPassword(context, { keyboard, open: opens('right') });
    expect(events.filter(({ type }) => type === 'prompt.shown')).toHaveLength(1);
  });

  it('F2 changes the layout that is shown', async () => {
    const layouts = ['de', 'us'];
    const turning: Keyboard = {
      get current() {
        return layouts[0] ?? '';
      },
      next: async () => void layouts.reverse(),
    };
    const { context, pages } = scripted([{ kind: 'f2' }, 'x', enter]);
    await askPassword(context, { keyboard: turning, open: opens('x') });
    expect(JSON.stringify(pages[0])).toContain('["Keyboard","de"]');
    expect(JSON.stringify(pages.at(-1))).toContain('["Keyboard","us"]');
  });

  it('lets three tries pass, then makes each next one wait longer', async () => {
    const wrong = Array.from({ length: 5 }, () => ['no', enter]).flat();
    const { context, events, elapsed } = scripted([...wrong, 'yes', enter]);
    await askPassword(context, { keyboard, open: opens('yes') });
    expect(elapsed()).toBe((5 + 10 + 20) * 1000);
    expect(events.flatMap((event) => (event.type === 'prompt.answered' ? [event.answer] : []))).toEqual([
      ...Array.from({ length: 5 }, () => 'wrong'),
      'right',
    ]);
    expect([1, 2, 3, 4, 5, 6, 20].map(pauseBefore)).toEqual([0, 0, 0, 5, 10, 20, 300]);
  });

  it('ends at once on anything but a wrong password', async () => {
    const { context } = scripted(['x', enter]);
    const damaged = async (): Promise<never> => {
      throw new BootwrightError('BW-TRUST-003', 'damaged');
    };
    await expect(askPassword(context, { keyboard, open: damaged })).rejects.toMatchObject({ code: 'BW-TRUST-003' });
  });

  it('ends when the medium turns out to be bad', async () => {
    const { context } = scripted([]);
    const signal = AbortSignal.abort();
    await expect(askPassword(context, { keyboard, open: opens('x'), signal })).resolves.toBeUndefined();
  });
});

describe('layoutOrder', () => {
  it.each([
    ['de', ['us.kmap', 'de.kmap', 'fr.kmap'], ['de', 'us', 'fr']],
    ['us', ['us.kmap', 'de.kmap'], ['us', 'de']],
    ['xx', ['us.kmap', 'de.kmap', 'README'], ['us', 'de']],
    ['de', [], ['de']],
  ])('%s of %j', (wanted, files, expected) => {
    expect(layoutOrder(wanted, files)).toEqual(expected);
  });
});
