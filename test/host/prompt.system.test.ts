import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const prompt = join(import.meta.dirname, '../../src/host/prompt.ts');

/** Runs an expression over the module on a terminal of its own; types each answer when its question has appeared. */
function onTerminal(
  expression: string,
  answers: readonly (readonly [question: string, keys: string])[],
): Promise<string> {
  const program = `import(${JSON.stringify(prompt)}).then(async (p) => {
    const answer = await ${expression}.catch((error) => error.code);
    console.log('answer=' + Buffer.from(answer).toString('hex'));
  })`;
  const command = `'${process.execPath}' --disable-warning=ExperimentalWarning -e '${program.replaceAll("'", `'\\''`)}'`;
  const child = spawn('script', ['-qec', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting = [...answers];
  let shown = '';
  let searchFrom = 0;
  child.stdout.on('data', (data: Buffer) => {
    shown += data.toString();
    const [next] = waiting;
    if (next === undefined) return;
    const found = shown.indexOf(next[0], searchFrom);
    if (found < 0) return;
    searchFrom = found + next[0].length;
    waiting.shift();
    // The question appears an instant before the terminal stops to echo.
    setTimeout(() => child.stdin.write(next[1]), 150);
  });
  return new Promise((resolve) => child.on('close', () => resolve(shown)));
}

const answerIn = (shown: string) => Buffer.from(/answer=([0-9a-f]*)/.exec(shown)?.[1] ?? '', 'hex').toString();

describe('asking for a secret', () => {
  it('does not show it, and takes corrections and letters of any kind', async () => {
    const shown = await onTerminal("p.promptSecret('Password:')", [['Password:', 'hunterX\x7f2 Grüße\r']]);
    expect(answerIn(shown)).toBe('hunter2 Grüße');
    expect(shown.replace(/answer=.*/, '')).not.toMatch(/hunter|Gr/);
  });

  it('gives decomposed letters back composed', async () => {
    const shown = await onTerminal("p.promptSecret('Password:')", [['Password:', `${'ü'.normalize('NFD')}\r`]]);
    expect(answerIn(shown)).toBe('ü'.normalize('NFC'));
  });

  it('ends with Ctrl-C', async () => {
    expect(answerIn(await onTerminal("p.promptSecret('Password:')", [['Password:', 'abc\x03']]))).toBe('BW-HOST-006');
  });

  it('asks for a new one twice', async () => {
    const twice = (second: string) =>
      onTerminal("p.promptNewSecret('New:')", [
        ['New:', 'one\r'],
        ['Once more:', `${second}\r`],
      ]);
    expect(answerIn(await twice('one'))).toBe('one');
    expect(answerIn(await twice('two'))).toBe('BW-HOST-009');
  });
});
