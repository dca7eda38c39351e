import { sleep } from '../host/clock.ts';
import { BootwrightError } from '../model/error.ts';
import { LaidBefore, type Station, workOn } from './bay-work.ts';
import { type Bay, insertionOf, type PlacedDisk } from './bays.ts';
import type { BayPhase, BayView, StationWatcher } from './view.ts';

export interface StationRun {
  /** The bays there are; in a station without a fixed list, more as disks appear. */
  readonly bays: (disks: readonly PlacedDisk[]) => readonly Bay[];
  readonly disks: () => Promise<readonly PlacedDisk[]>;
  /** End when every disk that is there has been dealt with. */
  readonly once: boolean;
  readonly watcher: StationWatcher;
  readonly signal: AbortSignal | undefined;
  readonly pollMilliseconds: number;
}

interface Slot {
  readonly bay: Bay;
  view: BayView;
  /** The insertion that is or was worked on. */
  insertion: string | undefined;
  abort: AbortController | undefined;
  working: Promise<void> | undefined;
  again: boolean;
}

/** What a bay ended with, in the order in which they ended. */
export interface BayResult extends Pick<BayView, 'name' | 'path' | 'serial' | 'asset' | 'phase' | 'message'> {
  readonly error?: BootwrightError;
}

/** The commands of the person at the station. */
export type StationCommand = (command: 'skip' | 'again' | 'quit', bay: string) => boolean;

/**
 * Works on all bays at once until it is told to end. A bay that fails does not stop the others; it is free again when its disk
 * has been pulled out.
 */
export function startStation(
  station: (onCommand: StationCommand) => Station,
  run: StationRun,
): { readonly done: Promise<readonly BayResult[]> } {
  const slots = new Map<string, Slot>();
  const results: BayResult[] = [];
  let ending = false;

  const show = (slot: Slot, changes: Partial<BayView>, progress = false): void => {
    slot.view = { ...slot.view, ...changes };
    run.watcher.changed(slot.view, progress);
  };
  const onCommand: StationCommand = (command, name) => {
    if (command === 'quit') {
      ending = true;
      for (const { view, abort } of slots.values()) if (isWaiting(view.phase)) abort?.abort(new Skipped());
      return true;
    }
    const slot = [...slots.values()].find(({ bay }) => bay.name.toLowerCase() === name.toLowerCase());
    if (slot === undefined) return false;
    if (command === 'skip') {
      // What is being written is ended by pulling it out, not by a word that is easily typed.
      if (!isWaiting(slot.view.phase)) return false;
      slot.abort?.abort(new Skipped());
      return true;
    }
    if (!['laid', 'skipped', 'failed'].includes(slot.view.phase)) return false;
    slot.again = true;
    slot.insertion = undefined;
    return true;
  };
  const shared = station(onCommand);

  const begin = (slot: Slot, disk: PlacedDisk, disks: readonly PlacedDisk[]): void => {
    const abort = new AbortController();
    const { again } = slot;
    Object.assign(slot, { insertion: insertionOf(disk), abort, again: false });
    show(slot, {
      ...emptyView(slot.bay.name),
      ...{ phase: 'looking', path: disk.path, serial: disk.serial, size: disk.size },
      model: `${disk.vendor} ${disk.model}`.trim(),
    });
    const serialIsUnique = disk.serial !== '' && disks.filter(({ serial }) => serial === disk.serial).length === 1;
    const end = (phase: BayPhase, message: string, error?: BootwrightError): void => {
      show(slot, { phase, message, done: 0, total: 0, ...(error && { error }) });
      const { name, path, serial, asset } = slot.view;
      results.push({ name, path, serial, asset, phase, message, ...(error && { error }) });
    };
    const order = {
      ...{ bay: slot.bay.name, disk, serialIsUnique, again, signal: abort.signal },
      show: (changes: Partial<BayView>, progress?: boolean) => show(slot, changes, progress),
    };
    slot.working = workOn(shared, order)
      .then(
        () => end('laid', 'written and read back'),
        (error: unknown) => {
          if (error instanceof LaidBefore)
            end('skipped', `${error.message}: "again ${slot.bay.name}" lays it once more`);
          else if (error instanceof Skipped) end('skipped', 'skipped at the station');
          else if (error instanceof BootwrightError) end('failed', error.message, error);
          else throw error;
        },
      )
      .finally(() => {
        slot.working = undefined;
      });
    // Errors of ours come up at the end of the station, not as unhandled.
    slot.working.catch((error: unknown) => crash.reject(error));
  };

  const crash = Promise.withResolvers<never>();
  crash.promise.catch(() => undefined);

  const look = async (): Promise<void> => {
    const disks = await run.disks();
    for (const bay of run.bays(disks)) {
      const slot = slots.get(bay.name) ?? newSlot(bay);
      if (!slots.has(bay.name)) {
        slots.set(bay.name, slot);
        show(slot, {});
      }
      const disk = await bay.find(disks);
      const insertion = disk === undefined ? undefined : insertionOf(disk);
      if (slot.working !== undefined) {
        if (insertion !== slot.insertion) slot.abort?.abort(pulledOut(slot.view.path));
      } else if (disk === undefined) {
        slot.insertion = undefined;
        if (slot.view.phase !== 'empty') show(slot, { ...emptyView(bay.name), phase: 'empty' });
      } else if (insertion !== slot.insertion && !ending) begin(slot, disk, disks);
    }
  };

  const loop = async (): Promise<readonly BayResult[]> => {
    try {
      for (;;) {
        await look();
        const working = [...slots.values()].flatMap((slot) => slot.working ?? []);
        if (run.signal?.aborted === true) {
          const interrupted = new BootwrightError(
            'BW-HOST-006',
            'Interrupted: disks that were not done start nowhere.',
          );
          for (const { abort } of slots.values()) abort?.abort(interrupted);
          await Promise.allSettled(working);
          throw interrupted;
        }
        if (working.length === 0 && (ending || run.once)) return results;
        await Promise.race([sleep(run.pollMilliseconds), crash.promise]);
      }
    } finally {
      for (const { abort } of slots.values()) abort?.abort(new Skipped());
      await Promise.allSettled([...slots.values()].flatMap((slot) => slot.working ?? []));
    }
  };
  return { done: loop() };
}

class Skipped extends Error {}

function isWaiting(phase: BayPhase): boolean {
  return phase === 'waits for its tag' || phase === 'waits for permission';
}

function pulledOut(path: string): BootwrightError {
  return new BootwrightError('BW-STAGING-008', `${path} was pulled out before it was done: it starts nowhere.`);
}

function newSlot(bay: Bay): Slot {
  return {
    bay,
    view: emptyView(bay.name),
    insertion: undefined,
    abort: undefined,
    working: undefined,
    again: false,
  };
}

function emptyView(name: string): BayView {
  return {
    ...{ name, phase: 'empty', path: '', serial: '', model: '', size: 0, asset: '', health: '', contents: '' },
    ...{ done: 0, total: 0, message: '' },
  };
}
