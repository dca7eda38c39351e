import { formatBytes } from '../model/quantity.ts';
import type { AgentContext } from './context.ts';
import { type Medium, verifyContent } from './medium.ts';
import { gap, type Page, text } from './page.ts';

/** Reading the whole medium takes minutes, so it begins at once and goes on while the password is typed. */
export interface Verification {
  /** Aborts when the medium turned out to be bad: questions end then. */
  readonly refused: AbortSignal;
  /** Shows how far it is and waits. @throws as `verifyContent` */
  finish(): Promise<void>;
  /** After `refused`: throws the reason. */
  fail(): Promise<never>;
}

/** Starts to compare every byte of the medium with its signed manifest. */
export function startVerification(context: AgentContext, medium: Medium): Verification {
  const { terminal, emit, clock } = context;
  const refused = new AbortController();
  let isShown = false;
  let reported = Number.NEGATIVE_INFINITY;
  // A serial line takes milliseconds for every event.
  const interval = 500;
  const onProgress = (bytes: number, totalBytes: number, file: string): void => {
    const time = clock.now().getTime();
    if (time - reported < interval) return;
    reported = time;
    emit({ type: 'verify.progress', bytes, totalBytes, file });
    if (isShown) terminal.show(verificationPage(bytes, totalBytes, file));
  };
  const done = verifyContent(medium, onProgress).then(
    (checked) => emit({ type: 'verify.completed', ...checked }),
    (error) => {
      refused.abort();
      throw error;
    },
  );
  // Whoever asks for the end gets the error; until then it waits.
  done.catch(() => undefined);
  return {
    refused: refused.signal,
    async finish() {
      isShown = true;
      terminal.show(verificationPage(0, 0, ''));
      await done;
      isShown = false;
    },
    async fail() {
      await done;
      throw new Error('a question ended although nothing was wrong with the medium');
    },
  };
}

export function verificationPage(bytes: number, totalBytes: number, file: string): Page {
  return {
    id: 'verification',
    title: 'Checking the medium',
    tone: 'normal',
    blocks: [
      text('Every file is read and compared with its signed list before any disk is touched.'),
      gap,
      {
        kind: 'bar',
        fraction: totalBytes === 0 ? 0 : bytes / totalBytes,
        text: totalBytes === 0 ? '' : `${formatBytes(bytes)} of ${formatBytes(totalBytes)}`,
      },
      text(file),
    ],
    keys: [],
  };
}
