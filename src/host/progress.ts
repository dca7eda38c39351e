import type { Progress } from '../model/progress.ts';
import { formatBytes, formatDuration } from '../model/quantity.ts';

/** `bar` redraws one line of a terminal, `lines` suits files and CI logs, `json` is for programs. */
export type ProgressStyle = 'bar' | 'lines' | 'json';

export interface ProgressOutput {
  readonly style: ProgressStyle;
  readonly write: (text: string) => void;
  /** Width of the terminal in characters. */
  readonly columns: () => number;
  /** Milliseconds that only grow. */
  readonly clock: () => number;
}

/** A progress with an owner: whoever prints something else clears the bar first, whoever started it ends it. */
export interface ProgressDisplay extends Progress {
  /** Takes the bar off the screen; the next `advance` draws it again. */
  clear(): void;
  /** The work is over. A phase that was under way is reported as done only when `completed`. */
  end(completed: boolean): void;
}

interface Phase {
  readonly name: string;
  readonly unit: 'bytes' | 'items' | undefined;
  readonly total: number | undefined;
  readonly started: number;
  /** Positions of the last seconds, oldest first: a rate over the whole phase would hide that a stick got slow. */
  readonly samples: { readonly at: number; readonly done: number }[];
  done: number;
  text: string;
  drawn: number;
}

const rateWindow = 10_000;
const interval: Record<ProgressStyle, number> = { bar: 100, lines: 10_000, json: 1_000 };
const barCells = 24;
const eraseLine = '\r\u001b[2K';

/** Renders progress; never throws, prints at most ten times a second. */
export function displayProgress(output: ProgressOutput): ProgressDisplay {
  let phase: Phase | undefined;
  let barShown = false;

  const clear = (): void => {
    if (barShown) output.write(eraseLine);
    barShown = false;
  };

  const finishPhase = (): void => {
    if (phase === undefined) return;
    const { name, unit, total } = phase;
    const seconds = (output.clock() - phase.started) / 1000;
    const amount = Math.max(phase.done, total ?? 0);
    if (output.style === 'json') {
      output.write(jsonLine({ type: 'progress.completed', name, done: amount, unit, seconds: round(seconds) }));
    } else {
      clear();
      const rate = unit === 'bytes' && seconds >= 1 ? `, ${formatBytes(amount / seconds)}/s` : '';
      const what = amount > 0 ? `${formatAmount(amount, unit)} in ` : '';
      output.write(`${name}: ${what}${formatDuration(seconds)}${rate}\n`);
    }
    phase = undefined;
  };

  const draw = (current: Phase): void => {
    const state = measure(current);
    if (output.style === 'json') {
      const { name, unit, total, done, text } = current;
      output.write(jsonLine({ type: 'progress', name, done, total, unit, text, ...state }));
    } else if (output.style === 'lines') {
      if (current.done > 0) output.write(`${current.name}: ${describe(current, state)}\n`);
    } else {
      const line = `${current.name} ${bar(current)}${describe(current, state)}`;
      output.write(eraseLine + [...line].slice(0, Math.max(20, output.columns() - 1)).join(''));
      barShown = true;
    }
  };

  return {
    phase(name, total = {}) {
      finishPhase();
      const unit = total.bytes !== undefined ? 'bytes' : total.items !== undefined ? 'items' : undefined;
      const started = output.clock();
      phase = {
        name,
        unit,
        total: total.bytes ?? total.items,
        started,
        samples: [{ at: started, done: 0 }],
        done: 0,
        text: '',
        drawn: started,
      };
      if (output.style !== 'lines') draw(phase);
      else output.write(`${name}${phase.total === undefined ? '' : ` (${formatAmount(phase.total, unit)})`} …\n`);
    },
    advance(done, text = '') {
      if (phase === undefined) return;
      const at = output.clock();
      phase.done = done;
      phase.text = text;
      if (at - phase.drawn < interval[output.style]) return;
      phase.drawn = at;
      phase.samples.push({ at, done });
      while (phase.samples.length > 2 && at - phase.samples[0]!.at > rateWindow) phase.samples.shift();
      draw(phase);
    },
    note(text) {
      if (output.style === 'json') output.write(jsonLine({ type: 'progress.note', text }));
      else {
        clear();
        output.write(`${text}\n`);
      }
    },
    clear,
    end(completed) {
      if (completed) finishPhase();
      clear();
      phase = undefined;
    },
  };
}

interface Measure {
  /** Units per second; undefined until there is something to divide. */
  readonly rate: number | undefined;
  readonly secondsLeft: number | undefined;
}

function measure(phase: Phase): Measure {
  const first = phase.samples[0]!;
  const last = phase.samples.at(-1)!;
  const seconds = (last.at - first.at) / 1000;
  const rate = seconds > 0 && last.done > first.done ? (last.done - first.done) / seconds : undefined;
  const left = phase.total === undefined ? undefined : phase.total - phase.done;
  return {
    rate: rate === undefined ? undefined : Math.round(rate),
    secondsLeft: rate === undefined || left === undefined || left < 0 ? undefined : round(left / rate),
  };
}

function describe(phase: Phase, { rate, secondsLeft }: Measure): string {
  const parts: string[] = [];
  if (phase.total !== undefined && phase.total > 0)
    parts.push(`${Math.min(100, Math.floor((phase.done / phase.total) * 100))} %`);
  if (phase.done > 0) {
    const of = phase.total === undefined ? '' : ` of ${formatAmount(phase.total, phase.unit)}`;
    parts.push(`${formatAmount(phase.done, phase.unit)}${of}`);
  }
  if (rate !== undefined && phase.unit === 'bytes') parts.push(`${formatBytes(rate)}/s`);
  if (secondsLeft !== undefined) parts.push(`${formatDuration(secondsLeft)} left`);
  if (phase.text !== '') parts.push(phase.text);
  return parts.join(', ');
}

function bar(phase: Phase): string {
  if (phase.total === undefined || phase.total === 0) return '';
  const full = Math.max(0, Math.min(barCells, Math.floor((phase.done / phase.total) * barCells)));
  return `[${'='.repeat(full)}${' '.repeat(barCells - full)}] `;
}

function formatAmount(amount: number, unit: Phase['unit']): string {
  return unit === 'bytes' ? formatBytes(amount) : String(amount);
}

function round(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}

function jsonLine(value: object): string {
  return `${JSON.stringify(value)}\n`;
}
