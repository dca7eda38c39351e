import { describe, expect, it } from 'vitest';
import type { Page } from '../../src/agent/page.ts';
import { joinConsoles } from '../../src/agent/terminal.ts';
import type { ConsoleDevice } from '../../src/host/console.ts';

interface Line extends ConsoleDevice {
  readonly written: string[];
  type(text: string): void;
  endProgram(): void;
}

function line(name: string, kind: ConsoleDevice['kind']): Line {
  const written: string[] = [];
  let listener: ((bytes: Uint8Array) => void) | undefined;
  let end: () => void = () => undefined;
  return {
    name,
    kind,
    columns: 80,
    rows: 25,
    written,
    write: (text) => void written.push(text),
    listen(onBytes) {
      listener = onBytes;
      return () => {
        listener = undefined;
      };
    },
    lend: () =>
      new Promise((resolve) => {
        end = resolve;
      }),
    close: () => undefined,
    type: (text) => listener?.(Buffer.from(text)),
    endProgram: () => end(),
  };
}

const page: Page = { id: 'x', title: 'A question', tone: 'normal', blocks: [], keys: [] };

describe('joinConsoles', () => {
  it('shows every page on every console and takes answers from each', async () => {
    const [screen, serial] = [line('tty1', 'screen'), line('ttyS0', 'serial')];
    const terminal = joinConsoles([screen, serial]);
    terminal.show(page);
    expect(screen.written.join('')).toContain('│ A question');
    expect(serial.written.join('')).toContain('== A question ==');
    serial.type('\r');
    await expect(terminal.press()).resolves.toEqual({ kind: 'enter', console: 'ttyS0' });
    screen.type('ä');
    await expect(terminal.press()).resolves.toEqual({ kind: 'text', text: 'ä', console: 'tty1' });
  });

  it('draws nothing when nothing changed', () => {
    const screen = line('tty1', 'screen');
    const terminal = joinConsoles([screen]);
    terminal.show(page);
    terminal.show(page);
    expect(screen.written).toHaveLength(1);
  });

  it('waits for a lone Escape only a moment', async () => {
    const screen = line('tty1', 'screen');
    const terminal = joinConsoles([screen]);
    screen.type('\x1b');
    await expect(terminal.press({ milliseconds: 1000 })).resolves.toEqual({ kind: 'escape', console: 'tty1' });
  });

  it('gives up waiting when the time or the signal says so', async () => {
    const terminal = joinConsoles([line('tty1', 'screen')]);
    await expect(terminal.press({ milliseconds: 5 })).resolves.toBeUndefined();
    const abort = new AbortController();
    const waiting = terminal.press({ signal: abort.signal });
    abort.abort();
    await expect(waiting).resolves.toBeUndefined();
  });

  it('forgets what was typed before the question', async () => {
    const screen = line('tty1', 'screen');
    const terminal = joinConsoles([screen]);
    screen.type('yyy\r');
    terminal.discardKeys();
    await expect(terminal.press({ milliseconds: 5 })).resolves.toBeUndefined();
  });

  it('leaves a console alone while a program has it, and draws it anew afterwards', async () => {
    const [screen, serial] = [line('tty1', 'screen'), line('ttyS0', 'serial')];
    const terminal = joinConsoles([screen, serial]);
    terminal.show(page);
    const lent = terminal.lend('tty1', 'sh', []);
    const count = screen.written.length;
    terminal.show({ ...page, title: 'Another' });
    screen.type('ls\r');
    expect(screen.written).toHaveLength(count);
    expect(serial.written.join('')).toContain('Another');
    await expect(terminal.press({ milliseconds: 5 })).resolves.toBeUndefined();
    screen.endProgram();
    await lent;
    expect(screen.written.at(-1)).toContain('Another');
  });

  it('works without any console', async () => {
    const terminal = joinConsoles([]);
    terminal.show(page);
    await expect(terminal.press({ milliseconds: 1 })).resolves.toBeUndefined();
  });
});
