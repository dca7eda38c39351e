import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ask, formatTable } from '../../src/host/terminal.ts';

describe('a table', () => {
  it('aligns columns, numbers to the right, without trailing spaces', () => {
    const rows = [
      ['debian.wim', 1536, 'ok'],
      ['a', 2, ''],
    ];
    expect(formatTable(['Name', 'Files', 'State'], rows)).toBe(
      ['Name        Files  State', 'debian.wim   1536  ok', 'a               2', ''].join('\n'),
    );
  });

  it('does not count colours as width', () => {
    const rows = [
      ['\u001b[1mbold\u001b[22m', 'x'],
      ['plain', 'y'],
    ];
    expect(formatTable(['A', 'B'], rows).split('\n')[1]).toBe('\u001b[1mbold\u001b[22m   x');
  });
});

/** Runs a program on a pseudo terminal (`script` of util-linux), types, returns all that was on the screen. */
async function onTerminal(source: string, typed: string): Promise<string> {
  const terminal = join(import.meta.dirname, '..', '..', 'src', 'host', 'terminal.ts');
  const program = `import { ask, askTwice } from ${JSON.stringify(terminal)}; ${source}`;
  const child = spawn('script', ['-qec', '"$NODE" --input-type=module -e "$PROGRAM"', '/dev/null'], {
    env: { ...process.env, NODE: process.execPath, PROGRAM: program, SHELL: '/bin/sh' },
  });
  let screen = '';
  child.stdout.on('data', (data) => {
    const before = screen;
    screen += data;
    // Typed only after the question: what comes earlier would be echoed by the terminal itself.
    if (!before.includes('?') && screen.includes('?')) child.stdin.write(typed);
  });
  await new Promise((resolve) => child.on('close', resolve));
  return screen;
}

describe('a question', () => {
  it('returns the line that was typed', async () => {
    const screen = await onTerminal(
      `console.log('<' + (await ask({ text: 'Name?', flag: '--name' })) + '>')`,
      'lab-01\r',
    );
    expect(screen).toContain('<lab-01>');
  });

  it('does not show a secret', async () => {
    const screen = await onTerminal(
      `const secret = await ask({ text: 'Password?', flag: '--password-file', secret: true }); console.log('<' + secret.length + '>')`,
      'grüße\r',
    );
    expect(screen).toContain('Password?');
    expect(screen).toContain('<5>');
    expect(screen).not.toContain('gr');
  });

  it('ends with BW-HOST-006 on Ctrl-C', async () => {
    const screen = await onTerminal(
      `await ask({ text: 'Name?', flag: '--name' }).catch((error) => console.log(error.code))`,
      'abc\u0003',
    );
    expect(screen).toContain('BW-HOST-006');
  });

  it('without a terminal is an error that names the flag', async () => {
    await expect(ask({ text: 'Name?', flag: '--name' })).rejects.toMatchObject({
      code: 'BW-HOST-008',
      fix: 'Give --name, or run the command in a terminal.',
    });
  });
});
