import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

/** Runs the fixture on a real pseudo-terminal, which `script` provides. */
function onTerminal(): { type(text: string): void; seen(text: string): Promise<string> } {
  const command = `${process.execPath} ${join(import.meta.dirname, 'console-fixture.ts')}`;
  const child = spawn('script', ['--quiet', '--command', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  let check: () => void = () => undefined;
  child.stdout.on('data', (data: Buffer) => {
    output += data.toString();
    check();
  });
  return {
    type: (text) => void child.stdin.write(text),
    seen: (text) =>
      new Promise((resolve, reject) => {
        const limit = setTimeout(() => reject(new Error(`not seen: ${text}; but: ${JSON.stringify(output)}`)), 20_000);
        check = () => {
          if (!output.includes(text)) return;
          clearTimeout(limit);
          resolve(output);
        };
        check();
      }),
  };
}

describe('openConsole', () => {
  it('reads keys one by one, lends the terminal whole, and takes it back', async () => {
    const terminal = onTerminal();
    await terminal.seen('ready');
    terminal.type('a');
    await terminal.seen('[a]');
    terminal.type('!');
    await terminal.seen('shell');
    terminal.type('every letter of this line\n');
    await terminal.seen('the shell got <every letter of this line>');
    await terminal.seen('back');
    terminal.type('b');
    const output = await terminal.seen('[b]');
    // Neither echoed nor taken by us while the shell had it.
    expect(output).not.toContain('[e]');
    terminal.type('q');
  });
});
