import type { BootwrightEvent } from '../model/event.ts';
import type { AgentContext } from './context.ts';
import { gap, type Page, text } from './page.ts';

/** What the run has come to, as far as a person wants to see it. */
export interface Progress {
  readonly sequence: string;
  readonly step: string;
  readonly index: number;
  readonly total: number;
  /** Of the current step, 0 to 1. */
  readonly fraction: number;
  readonly text: string;
  readonly finished: readonly string[];
}

export const noProgress: Progress = {
  sequence: '',
  step: '',
  index: 0,
  total: 0,
  fraction: 0,
  text: '',
  finished: [],
};

/** The progress after an event. */
export function advance(progress: Progress, event: BootwrightEvent): Progress {
  switch (event.type) {
    case 'sequence.started':
      return { ...noProgress, sequence: event.name, total: event.total };
    case 'step.started':
      return { ...progress, step: event.name, index: event.index, total: event.total, fraction: 0, text: '' };
    case 'step.progress':
      return { ...progress, fraction: event.fraction, text: event.text };
    case 'step.completed':
      return finish(progress, `${event.name}: ${event.message}`);
    case 'step.failed':
      return finish(progress, `${event.name}: ${event.continued ? 'failed, going on' : 'failed'} (${event.code})`);
    case 'step.skipped':
      return finish(progress, `${event.name}: skipped, ${event.reason}`);
    default:
      return progress;
  }
}

function finish(progress: Progress, line: string): Progress {
  return { ...progress, finished: [...progress.finished, line].slice(-8) };
}

/** Step n of m, its bar, and the last steps that ended. */
export function progressPage(progress: Progress): Page {
  const { sequence, step, index, total, fraction, finished } = progress;
  return {
    id: 'progress',
    title: sequence,
    tone: 'normal',
    blocks: [
      text(step === '' ? 'Starting …' : `Step ${index} of ${total}: ${step}`),
      { kind: 'bar', fraction, text: progress.text },
      gap,
      { kind: 'bar', fraction: total === 0 ? 0 : Math.max(0, index - 1 + fraction) / total, text: 'All steps' },
      gap,
      ...(finished.length === 0 ? [] : [{ kind: 'list' as const, items: finished.slice(-4) }]),
    ],
    keys: [],
  };
}

/** Least milliseconds between two pictures of a moving bar: a screen drawn by the firmware's frame buffer is slow. */
const leastPause = 250;

/** Shows the run's events as they come, until it is paused. */
export function showProgress(
  { terminal, record, clock }: AgentContext,
  sequence: string,
): { pause(): void; resume(): void } {
  let progress: Progress = { ...noProgress, sequence };
  let isShown = true;
  let shownAt = 0;
  terminal.show(progressPage(progress));
  record.listen((event) => {
    const before = progress;
    progress = advance(progress, event);
    const isDue = event.type !== 'step.progress' || clock.now().getTime() - shownAt >= leastPause;
    if (!isShown || progress === before || !isDue) return;
    shownAt = clock.now().getTime();
    terminal.show(progressPage(progress));
  });
  return {
    pause() {
      isShown = false;
    },
    resume() {
      isShown = true;
      terminal.show(progressPage(progress));
    },
  };
}
