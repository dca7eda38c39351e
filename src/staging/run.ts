import { join } from 'node:path';
import { mkdir, realpath } from '../host/files.ts';
import { listenToInput } from '../host/input-lines.ts';
import type { ProgressDisplay } from '../host/progress.ts';
import { BootwrightError } from '../model/error.ts';
import { readAssets } from './assets.ts';
import type { Station } from './bay-work.ts';
import {
  AppearingBays,
  type Bay,
  forbiddenDisks,
  insertionOf,
  type PlacedDisk,
  placedDisks,
  readBays,
} from './bays.ts';
import { Custody, type Signer } from './custody.ts';
import type { StationDisplay } from './display.ts';
import { checkLabelTools } from './label.ts';
import { openStagingMedium } from './medium.ts';
import { Operator } from './operator.ts';
import { SharedReader } from './shared-reader.ts';
import { type BayResult, startStation } from './station.ts';
import type { WipeMethod } from './wipe.ts';

export interface StagingOrder {
  /** A prestaged WIM, a USB image, an ISO, or the image of a disk. */
  readonly medium: string;
  /** A file of bays, or `auto`. */
  readonly bays: string;
  /** Records, labels, the prepared image. */
  readonly folder: string;
  readonly site: string | undefined;
  readonly signer: Signer | undefined;
  readonly wipe: WipeMethod;
  readonly ignoreSmart: boolean;
  readonly assets: string | undefined;
  readonly scan: boolean;
  readonly yesErase: readonly string[];
  readonly once: boolean;
}

/** What tests exchange. */
export interface StagingDoors {
  readonly disks: () => Promise<readonly PlacedDisk[]>;
  readonly listen: typeof listenToInput;
  readonly pollMilliseconds?: number;
}

const doorsOfThisMachine: StagingDoors = { disks: placedDisks, listen: listenToInput };

/**
 * Runs a staging station: prepares the medium once, then works on bays until it is told to end.
 *
 * @throws BW-STAGING-001, -002, -006, -007, -011 before anything is written; BW-HOST-006 interrupted; what bays fail with
 *   is in the results
 */
export async function runStation(
  order: StagingOrder,
  display: StationDisplay,
  progress: ProgressDisplay,
  signal?: AbortSignal,
  { disks, listen, pollMilliseconds = 1000 }: StagingDoors = doorsOfThisMachine,
): Promise<readonly BayResult[]> {
  const assets = order.assets === undefined ? undefined : await readAssets(order.assets);
  const fixed = order.bays === 'auto' ? undefined : await readBays(order.bays);
  await mkdir(order.folder, { recursive: true });
  const folder = await realpath(order.folder);
  const forbidden = await forbiddenDisks({
    [order.medium]: 'the medium',
    [folder]: 'the folder of the records',
    '.': 'the current folder',
    ...(order.site === undefined ? {} : { [order.site]: 'the site' }),
  });
  const there = await disks();
  for (const bay of fixed ?? []) await refuseForever(bay, there, forbidden);
  await checkLabelTools();
  const custody = await Custody.open(folder, order.signer);
  const medium = await openStagingMedium(order.medium, join(folder, 'prepared'), progress, signal);
  progress.end(true);
  let stop: (() => void) | undefined;
  try {
    const bays = fixed ?? new AppearingBays(there, await insertionsThatCount(there, custody, order.yesErase));
    let operator: Operator | undefined;
    const station = (onCommand: ConstructorParameters<typeof Operator>[1]): Station => {
      operator = new Operator((text) => display.note(text), onCommand);
      return {
        ...{ medium, custody, operator, forbidden, assets },
        ...{ wipe: order.wipe, ignoreSmart: order.ignoreSmart, scan: order.scan, yesErase: order.yesErase },
        reader: new SharedReader(medium.sections),
        tagsAtWork: new Map(),
      };
    };
    const { done } = startStation(station, {
      bays: (now) => (bays instanceof AppearingBays ? bays.now(now) : bays),
      ...{ disks, once: order.once, watcher: display, signal, pollMilliseconds },
    });
    const onLine = (line: string): void => {
      display.typed();
      operator?.line(line);
    };
    stop = listen(onLine, () => operator?.leave());
    return await done;
  } finally {
    stop?.();
    display.end();
    await medium.close();
  }
}

/** @throws BW-STAGING-002 the system, the site, the medium or the records lie on it */
async function refuseForever(
  bay: Bay,
  disks: readonly PlacedDisk[],
  forbidden: ReadonlyMap<string, string>,
): Promise<void> {
  const disk = await bay.find(disks);
  const what = disk === undefined ? undefined : forbidden.get(disk.path);
  if (what !== undefined)
    throw new BootwrightError(
      'BW-STAGING-002',
      `Bay ${bay.name} is ${disk?.path}, and ${what} is on it. Nothing was written.`,
    );
}

/** Disks that were there at the start and are meant all the same: interrupted ones, and those named for erasing. */
async function insertionsThatCount(
  there: readonly PlacedDisk[],
  custody: Custody,
  yesErase: readonly string[],
): Promise<Set<string>> {
  const found = new Set<string>();
  for (const disk of there) {
    const unique = there.filter(({ serial }) => serial === disk.serial).length === 1;
    const named =
      (unique && disk.serial !== '' && yesErase.includes(disk.serial)) ||
      yesErase.includes(`${disk.path}=${disk.size}`);
    if (named || (unique && (await custody.begun(disk.serial, disk.size)) !== undefined)) found.add(insertionOf(disk));
  }
  return found;
}
