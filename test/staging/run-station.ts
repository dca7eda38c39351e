import { join } from 'node:path';
import { displayProgress } from '../../src/host/progress.ts';
import { displayStation } from '../../src/staging/display.ts';
import { runStation, type StagingOrder } from '../../src/staging/run.ts';
import type { BayResult } from '../../src/staging/station.ts';
import type { BayView } from '../../src/staging/view.ts';
import type { BenchOfDisks } from './bench-of-disks.ts';

export interface Run {
  readonly results: readonly BayResult[];
  /** What was shown, in order, without mere progress. */
  readonly shown: readonly BayView[];
  readonly notes: readonly string[];
}

export interface RunOptions extends Partial<StagingOrder> {
  /** Lines that are typed when a bay is shown in some state. */
  readonly type?: (bay: BayView) => string | readonly string[] | undefined;
  readonly onShow?: (bay: BayView) => void;
  /** Somebody stays at the keyboard: without, input is at its end from the start. */
  readonly attended?: boolean;
  readonly signal?: AbortSignal;
  readonly pollMilliseconds?: number;
}

/** Runs a station over a bench of loop devices until all are done. */
export async function run(
  bench: BenchOfDisks,
  {
    type,
    onShow,
    attended = type !== undefined,
    signal,
    pollMilliseconds = 300,
    ...order
  }: RunOptions & { medium: string; bays: string },
): Promise<Run> {
  const shown: BayView[] = [];
  const notes: string[] = [];
  let say: (line: string) => void = () => undefined;
  const display = displayStation({ json: false, write: () => undefined });
  const results = await runStation(
    {
      ...{ folder: join(bench.folder, 'station'), site: undefined, signer: undefined, wipe: 'quick' },
      ...{ ignoreSmart: false, assets: undefined, scan: false, yesErase: [], once: true },
      ...order,
    },
    {
      ...display,
      changed: (bay, progress) => {
        display.changed(bay, progress);
        if (!progress) shown.push(bay);
        onShow?.(bay);
        const lines = type?.(bay) ?? [];
        // As in life: after it was shown.
        for (const line of typeof lines === 'string' ? [lines] : lines) setTimeout(() => say(line), 1);
      },
      note: (text) => notes.push(text),
    },
    displayProgress({ style: 'lines', write: () => undefined, columns: () => 80, clock: () => performance.now() }),
    signal,
    {
      disks: bench.list,
      pollMilliseconds,
      listen: (onLine, onEnd) => {
        say = onLine;
        if (!attended) onEnd();
        return () => undefined;
      },
    },
  );
  return { results, shown, notes };
}
