import type { AgentContext } from './context.ts';
import { gap, type Page, text } from './page.ts';
import { ask } from './question.ts';
import { saveLogsAndTell } from './save-logs.ts';

export interface Failure {
  readonly step: string;
  readonly code: number;
  readonly message: string;
  /** Where the log lies on the machine. */
  readonly log: string;
  readonly allowShell: boolean;
}

/** The step failed and so did the run: says which, why and where it is written, until R or Enter is pressed. */
export async function askAfterFailure(context: AgentContext, failure: Failure): Promise<'retry' | 'restart'> {
  for (let note = ''; ; ) {
    const answered = await ask(context, {
      prompt: 'failure',
      page: () => failurePage(failure, note),
      answers: { r: 'retry', l: 'logs', enter: 'restart', ...(failure.allowShell ? { s: 'shell' as const } : {}) },
    });
    if (answered === undefined || answered.answer === 'restart') return 'restart';
    if (answered.answer === 'retry') return 'retry';
    if (answered.answer === 'logs') note = await saveLogsAndTell(context);
    else await context.terminal.lend(answered.console, 'sh', ['-l']);
  }
}

/** `0x80004005 (-2147467259)` for codes as Windows counts them, small ones as they are. */
export function codeInWords(code: number): string {
  if (code >= 0 && code < 0x10000) return String(code);
  const unsigned = code >>> 0;
  return `0x${unsigned.toString(16).padStart(8, '0').toUpperCase()} (${unsigned | 0})`;
}

export function failurePage({ step, code, message, log, allowShell }: Failure, note: string): Page {
  return {
    id: 'failure',
    title: 'The task sequence failed',
    tone: 'error',
    blocks: [
      {
        kind: 'facts',
        facts: [
          ['Step', step],
          ['Code', codeInWords(code)],
          ['Log', log],
        ],
      },
      gap,
      text(message),
      ...(note === '' ? [] : [gap, text(note)]),
    ],
    keys: [
      { key: 'R', text: 'retries the step' },
      ...(allowShell ? [{ key: 'S', text: 'shell' }] : []),
      { key: 'L', text: 'saves the logs to a stick' },
      { key: 'Enter', text: 'restarts' },
    ],
  };
}
