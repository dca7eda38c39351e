import { monotonicMilliseconds } from '../host/clock.ts';
import { canShowLiveText, type LiveText, liveText, writeToStandardError } from '../host/live-text.ts';
import { formatTable } from '../host/terminal.ts';
import { formatBytes, formatDuration } from '../model/quantity.ts';
import { type BayView, phasesAtEnd, type StationWatcher } from './view.ts';

/** Shows a station until it ends. */
export interface StationDisplay extends StationWatcher {
  /** A line was typed at the terminal. */
  typed(): void;
  end(): void;
}

export interface DisplayOptions {
  readonly json: boolean;
  readonly write: (text: string) => void;
  /** A terminal: a table that is written over in place. */
  readonly live?: LiveText;
  readonly clock?: () => number;
}

const interval = { table: 200, lines: 15_000, json: 1000 } as const;
const keptNotes = 3;
const rateWindow = 10_000;

/** A table on a terminal, plain lines elsewhere, JSON lines for programs. */
export function stationDisplay(json: boolean): StationDisplay {
  const write = writeToStandardError;
  return displayStation({ json, write, ...(!json && canShowLiveText() ? { live: liveText(write) } : {}) });
}

export function displayStation({ json, write, live, clock = monotonicMilliseconds }: DisplayOptions): StationDisplay {
  const style = json ? 'json' : live === undefined ? 'lines' : 'table';
  const bays = new Map<string, Shown>();
  const notes: string[] = [];
  let drawn = Number.NEGATIVE_INFINITY;
  const draw = (): void => {
    drawn = clock();
    const rows = [...bays.values()].map((shown) => row(shown));
    const table = rows.length === 0 ? ['no bays yet: insert disks'] : formatTable(headers, rows).trimEnd().split('\n');
    live?.show([...table, ...Array.from({ length: keptNotes }, (_, index) => notes.at(index - keptNotes) ?? '')]);
  };
  return {
    changed(bay, progress) {
      const at = clock();
      const before = bays.get(bay.name);
      const samePhase = before !== undefined && before.bay.phase === bay.phase && before.bay.path === bay.path;
      const samples = samePhase ? [...before.samples, { at, done: bay.done }] : [{ at, done: bay.done }];
      while (samples.length > 2 && at - samples[0]!.at > rateWindow) samples.shift();
      const shown = { bay, samples, said: progress && before !== undefined ? before.said : at };
      const due = !progress || at - (style === 'table' ? drawn : shown.said) >= interval[style];
      bays.set(bay.name, due ? { ...shown, said: at } : shown);
      if (!due) return;
      if (style === 'table') draw();
      else if (style === 'json') write(`${JSON.stringify(jsonOf(shown))}\n`);
      else if (progress || !samePhase || isNews(before.bay, bay)) write(`${line(shown)}\n`);
    },
    note(text) {
      if (json) write(`${JSON.stringify({ type: 'staging.note', text })}\n`);
      else if (live === undefined) write(`${text}\n`);
      else {
        notes.push(text);
        draw();
      }
    },
    typed() {
      live?.typed();
    },
    end() {
      if (live !== undefined) draw();
      live?.end();
    },
  };
}

function isNews(before: BayView, bay: BayView): boolean {
  return before.message !== bay.message || before.health !== bay.health || before.contents !== bay.contents;
}

interface Shown {
  readonly bay: BayView;
  readonly samples: readonly { readonly at: number; readonly done: number }[];
  /** When it was last printed. */
  readonly said: number;
}

const headers = ['Bay', 'Serial', 'Model', 'Size', 'Tag', 'Phase', 'Done', 'Rate', 'Left', ''];

function row(shown: Shown): string[] {
  const { bay } = shown;
  const { rate, secondsLeft } = measure(shown);
  return [
    ...[bay.name, bay.serial, bay.model, bay.size === 0 ? '' : formatBytes(bay.size), bay.asset, bay.phase],
    bay.total === 0 ? '' : `${Math.floor((bay.done / bay.total) * 100)} %`,
    rate === undefined ? '' : `${formatBytes(rate)}/s`,
    secondsLeft === undefined ? '' : formatDuration(secondsLeft),
    remark(bay),
  ];
}

function remark(bay: BayView): string {
  if (bay.message !== '') return bay.error === undefined ? bay.message : `${bay.error.code} ${bay.message}`;
  if (bay.phase === 'empty' || phasesAtEnd.has(bay.phase)) return '';
  return [bay.health, bay.contents === '' ? '' : `held ${bay.contents}`].filter((part) => part !== '').join('; ');
}

function line(shown: Shown): string {
  const { bay } = shown;
  const { rate, secondsLeft } = measure(shown);
  const name = [bay.serial, bay.model, bay.size === 0 ? '' : formatBytes(bay.size), bay.asset];
  const parts = [
    bay.phase,
    ...(bay.total === 0 ? [] : [`${Math.floor((bay.done / bay.total) * 100)} %`]),
    ...(rate === undefined ? [] : [`${formatBytes(rate)}/s`]),
    ...(secondsLeft === undefined ? [] : [`${formatDuration(secondsLeft)} left`]),
    // What a disk is and held is said once.
    ...(remark(bay) === '' || (bay.message === '' && bay.phase !== 'looking') ? [] : [remark(bay)]),
  ];
  return `${bay.name}: ${[name.filter((part) => part !== '').join(' '), parts.join(', ')].filter((part) => part !== '').join(': ')}`;
}

function jsonOf(shown: Shown): object {
  const { error, ...bay } = shown.bay;
  const { rate, secondsLeft } = measure(shown);
  return { type: 'staging.bay', ...bay, rate, secondsLeft, ...(error === undefined ? {} : { code: error.code }) };
}

/** Bytes per second over the last seconds: a rate over the whole would hide that a disk got slow. */
function measure({ bay, samples }: Shown): {
  readonly rate: number | undefined;
  readonly secondsLeft: number | undefined;
} {
  const [first, last] = [samples[0]!, samples.at(-1)!];
  const seconds = (last.at - first.at) / 1000;
  if (bay.total === 0 || seconds <= 0 || last.done <= first.done) return { rate: undefined, secondsLeft: undefined };
  const rate = (last.done - first.done) / seconds;
  return { rate: Math.round(rate), secondsLeft: Math.max(0, (bay.total - bay.done) / rate) };
}
