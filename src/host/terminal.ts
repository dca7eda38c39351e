import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { stripVTControlCharacters, styleText } from 'node:util';
import { BootwrightError } from '../model/error.ts';
import { monotonicMilliseconds } from './clock.ts';
import { displayProgress, type ProgressDisplay } from './progress.ts';

/** Progress goes to standard error, so that standard output stays the result alone and can be piped. */
export function terminalProgress(json: boolean): ProgressDisplay {
  return displayProgress({
    style: json ? 'json' : process.stderr.isTTY && process.env['TERM'] !== 'dumb' ? 'bar' : 'lines',
    write: (text) => process.stderr.write(text),
    columns: () => process.stderr.columns ?? 80,
    clock: monotonicMilliseconds,
  });
}

/** Aligned columns without boxes; numbers to the right; header in bold on terminals. Ends with a newline. */
export function formatTable(
  headers: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  bold: (text: string) => string = (text) => text,
): string {
  const cells = [headers, ...rows].map((row) => row.map(String));
  const widths = headers.map((_, column) => Math.max(...cells.map((row) => width(row[column] ?? ''))));
  const numeric = headers.map((_, column) => rows.length > 0 && rows.every((row) => typeof row[column] === 'number'));
  const lines = cells.map((row) =>
    widths
      .map((size, column) => {
        const gap = ' '.repeat(size - width(row[column] ?? ''));
        return numeric[column] ? gap + (row[column] ?? '') : (row[column] ?? '') + gap;
      })
      .join('  ')
      .trimEnd(),
  );
  return [bold(lines[0] ?? ''), ...lines.slice(1), ''].join('\n');
}

/** Bold on a terminal that wants it (NO_COLOR and redirected output are respected), plain elsewhere. */
export function bold(text: string): string {
  return styleText('bold', text, { stream: process.stdout, validateStream: true });
}

/** Whether a person can be asked: standard input and standard error are terminals. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

export interface Question {
  readonly text: string;
  /** The flag that answers without a person; named in the error when nobody can be asked. */
  readonly flag: string;
  /** Do not show what is typed. */
  readonly secret?: boolean;
}

/**
 * Asks on the terminal and returns the line, without its newline. Ctrl-C ends the command.
 *
 * @throws BW-HOST-008 when there is no terminal, BW-HOST-006 when interrupted
 */
export async function ask({ text, flag, secret = false }: Question): Promise<string> {
  if (!canAsk())
    throw new BootwrightError('BW-HOST-008', `There is no terminal to ask on: "${text}".`, {
      fix: `Give ${flag}, or run the command in a terminal.`,
    });
  const output = new Writable({
    // Readline echoes through its output; a secret question lets nothing through but the question itself.
    write(chunk, _encoding, done) {
      if (!secret) process.stderr.write(chunk);
      done();
    },
  });
  const lines = createInterface({ input: process.stdin, output, terminal: true, historySize: 0 });
  const interrupted = new AbortController();
  lines.once('SIGINT', () => interrupted.abort());
  lines.once('close', () => interrupted.abort());
  try {
    if (secret) process.stderr.write(`${text} `);
    return await lines.question(`${text} `, { signal: interrupted.signal });
  } catch (cause) {
    throw new BootwrightError('BW-HOST-006', 'Interrupted at a question: nothing was written.', { cause });
  } finally {
    lines.close();
    if (secret || interrupted.signal.aborted) process.stderr.write('\n');
  }
}

/** Asks a new secret twice. @throws BW-HOST-009 when the answers differ */
export async function askTwice(question: Question): Promise<string> {
  const first = await ask({ ...question, secret: true });
  const second = await ask({ ...question, text: 'Once more:', secret: true });
  if (first !== second) throw new BootwrightError('BW-HOST-009', 'The two entries differ: nothing was written.');
  return first;
}

function width(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}
