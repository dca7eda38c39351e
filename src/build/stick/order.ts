import { type Disk, listDisks } from '../../host/disks.ts';
import { sizeOf, stat } from '../../host/files.ts';
import { type OpenStorage, openStorage } from '../../host/storage.ts';
import { BootwrightError } from '../../model/error.ts';
import type { Progress } from '../../model/progress.ts';
import { isSingle } from '../usb/single.ts';
import { carryOutUpdate } from '../usb/update.ts';
import { prepareUpdate, type UpdatePlan } from '../usb/update-plan.ts';
import { chooseDisks } from './choose.ts';
import { openStickImage } from './image.ts';
import { type Stick, type StickResult, writeSticks } from './write.ts';

/** Sticks, cards and drives on USB that are in this machine now. */
export async function portableDisks(): Promise<Disk[]> {
  return (await listDisks()).filter(({ kind }) => kind === 'portable');
}

export interface WriteOrder {
  readonly file: string;
  readonly disks: readonly Disk[];
  /** Serials, or `PATH=SIZE`. */
  readonly names: readonly string[];
  /** What is to be said about the medium before anything is erased. */
  readonly before?: (mediumId: string) => Promise<void>;
}

/**
 * Writes a medium to the sticks that were named.
 *
 * @throws BW-MEDIA-082, -083 before anything is written; BW-MEDIA-010, -011, -081 the file is no medium; BW-HOST-081 in use;
 *   as `writeSticks`
 */
export async function writeOrder(
  { file, disks, names, before }: WriteOrder,
  progress: Progress,
  signal?: AbortSignal,
): Promise<{ readonly mediumId: string; readonly sticks: readonly StickResult[] }> {
  const chosen = chooseDisks(disks, names, await sizeOf(file));
  const image = await openStickImage(file);
  const opened: (Stick & { readonly storage: OpenStorage })[] = [];
  try {
    for (const disk of chosen)
      opened.push({ disk, storage: await openStorage(disk.path, { mode: 'change', exclusive: true }) });
    await before?.(image.mediumId);
    return { mediumId: image.mediumId, sticks: await writeSticks(image, opened, progress, signal) };
  } finally {
    for (const { storage } of [...opened, image]) await storage.close();
  }
}

export interface UpdateOrder {
  readonly file: string;
  /** A serial, `PATH=SIZE`, or a USB image in a file. */
  readonly device: string;
  readonly disks: readonly Disk[];
  /** Asked with the plan before anything is written. */
  readonly confirm: (plan: UpdatePlan, path: string) => Promise<boolean>;
}

/** Brings a stick up to an image. @throws as `chooseDisks`, `prepareUpdate`, `carryOutUpdate`; BW-MEDIA-152 */
export async function updateOrder(
  { file, device, disks, confirm }: UpdateOrder,
  progress: Progress,
  signal?: AbortSignal,
): Promise<{ readonly path: string; readonly plan?: UpdatePlan; readonly done: boolean }> {
  const path = await placeOf(device, disks);
  const from = await openStorage(file, { mode: 'read' });
  try {
    const stick = await openStorage(path, { mode: 'change', exclusive: path.startsWith('/dev/') });
    try {
      for (const [storage, name] of [[from, file] as const, [stick, path] as const])
        if (await isSingle(storage))
          throw new BootwrightError(
            'BW-MEDIA-152',
            `${name} has one partition: there is no second system that could be written while the first stays whole. Nothing was written.`,
          );
      const job = await prepareUpdate(from, stick);
      if (job === undefined) return { path, done: false };
      if (!(await confirm(job.plan, path))) return { path, plan: job.plan, done: false };
      await carryOutUpdate(job, progress, signal);
      return { path, plan: job.plan, done: true };
    } finally {
      await stick.close();
    }
  } finally {
    await from.close();
  }
}

async function placeOf(device: string, disks: readonly Disk[]): Promise<string> {
  if ((await stat(device).catch(() => undefined))?.isFile() === true) return device;
  const [disk] = chooseDisks(disks, [device], 0);
  return disk?.path ?? device;
}
