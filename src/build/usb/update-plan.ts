import { type ExfatChange, planChange, withoutParts } from '../../formats/exfat-changes.ts';
import { planFat32 } from '../../formats/fat32.ts';
import type { FoundFile, PlannedVolume } from '../../formats/volume.ts';
import type { Storage } from '../../host/storage.ts';
import { BootwrightError } from '../../model/error.ts';
import { formatBytes } from '../../model/quantity.ts';
import { mediumFactsOf } from '../medium/files.ts';
import type { System } from './loader.ts';
import { openUsb, type UsbMedium } from './medium.ts';
import { contentRoot } from './volumes.ts';

/** What an update will do, before it does it. */
export interface UpdatePlan {
  readonly from: { readonly id: string; readonly system: System };
  readonly to: { readonly id: string; readonly system: System };
  /** Content folders that are on the stick already, and those that are brought, by name. */
  readonly stays: readonly string[];
  readonly brings: readonly string[];
  /** Bytes of system and content that are written. */
  readonly bytes: number;
  /** The loader's part is never written: true when the image has another one. */
  readonly otherLoader: boolean;
}

/** Times on system partitions mean nothing to anybody. */
const epoch = Date.UTC(2020, 0, 1) / 1000;

/**
 * Compares an image with a stick and plans what has to be written; undefined when the stick holds this very medium.
 *
 * @throws BW-MEDIA-081 one of the two is no USB medium of ours, BW-MEDIA-086 the stick has no room for the update,
 *   BW-MEDIA-087 a locked medium with another loader
 */
export async function prepareUpdate(from: Storage, stick: Storage): Promise<UpdateJob | undefined> {
  const source = await openUsb(from);
  const target = await openUsb(stick);
  const [wanted, present] = [await mediumFactsOf(source, 'the image'), await mediumFactsOf(target, 'the stick')];
  if (wanted.id === present.id && (await sameFiles(source, target))) return undefined;
  const otherLoader = !(await sameLoader(source, target));
  if (otherLoader && [wanted, present].some(({ protection }) => protection === 'locked'))
    throw new BootwrightError(
      'BW-MEDIA-087',
      'What a locked medium starts with is part of what is locked, and an update never writes the loader. Nothing was written.',
    );
  const names = source.contentNames.map(({ name }) => name);
  const stays = names.filter((name) => holdsFolder(target, source, name));
  const brings = names.filter((name) => !stays.includes(name));
  const system: System = target.active === 'a' ? 'b' : 'a';
  const region = target.geometry.systems[system === 'a' ? 0 : 1];
  const files = source.files.filter(({ path }) => !path.startsWith('bootwright/content/'));
  const volume = roomFor('its system partitions hold', region.size, () =>
    planFat32(files, {
      ...{ label: 'SYSTEM', serial: Number.parseInt(wanted.id.slice(0, 8), 16), epoch, start: region.start },
      ...{ size: region.size, folders: source.contentNames.map(({ place }) => place) },
    }),
  );
  const content = source.content.files.filter(({ path }) =>
    brings.some((name) => path.startsWith(`${contentRoot}/${name}/`)),
  );
  const bytes = [...files, ...content].reduce((sum, { size }) => sum + size, 0);
  const plan: UpdatePlan = {
    from: { id: present.id, system: target.active },
    to: { id: wanted.id, system },
    ...{ stays, brings, bytes, otherLoader },
  };
  const job: UpdateJob = { from, stick, source, target, plan, volume, files, content, start: region.start };
  // Before anybody says yes: whether there is room, old folders that nobody uses given back first.
  await planContent(job, target, true);
  return job;
}

/** Everything an update knows before it writes. */
export interface UpdateJob {
  readonly from: Storage;
  readonly stick: Storage;
  readonly source: UsbMedium;
  readonly target: UsbMedium;
  readonly plan: UpdatePlan;
  readonly volume: PlannedVolume;
  readonly files: readonly FoundFile[];
  readonly content: readonly FoundFile[];
  /** Of the system partition that is written. */
  readonly start: number;
}

/** The change of the content folder; the old medium's folders stay beside the new ones. @throws BW-MEDIA-086 */
export async function planContent(job: UpdateJob, target: UsbMedium, dropOthers: boolean): Promise<ExfatChange> {
  const inUse = target.contentNames.map(({ name }) => name);
  const root = target.content.folders.find(({ path }) => path === contentRoot);
  const there = [...(root?.sets.keys() ?? [])];
  const stale = there.filter((name) => /-[0-9a-f]{8}$/.test(name) && ![...inUse, ...job.plan.stays].includes(name));
  const keep = there.filter((name) => !stale.includes(name));
  const add = job.content.map(({ path, size }) => ({ path: path.slice(contentRoot.length + 1), size }));
  const read = (offset: number, length: number): Promise<Buffer> =>
    job.stick.read(target.geometry.content.start + offset, length);
  const volume = dropOthers ? withoutParts(target.content, contentRoot, stale) : target.content;
  return roomForAsync('its content partition holds', target.geometry.content.size, () =>
    planChange(volume, { folder: contentRoot, keep, add, epoch }, read),
  );
}

function roomFor<T>(what: string, size: number, plan: () => T): T {
  try {
    return plan();
  } catch (error) {
    throw noRoom(what, size, error);
  }
}

async function roomForAsync<T>(what: string, size: number, plan: () => Promise<T>): Promise<T> {
  try {
    return await plan();
  } catch (error) {
    throw noRoom(what, size, error);
  }
}

function noRoom(what: string, size: number, error: unknown): unknown {
  if (!(error instanceof RangeError)) return error;
  return new BootwrightError(
    'BW-MEDIA-086',
    `The stick has no room for the new medium beside the old one: ${what} ${formatBytes(size)}. Nothing was written.`,
    { cause: error },
  );
}

/** Same names and sizes below a folder: its name is a hash of what it holds. */
function holdsFolder(target: UsbMedium, source: UsbMedium, name: string): boolean {
  const list = ({ content }: UsbMedium): string =>
    JSON.stringify(
      content.files
        .filter(({ path }) => path.startsWith(`${contentRoot}/${name}/`))
        .map(({ path, size }) => [path, size]),
    );
  const has = target.content.folders.find(({ path }) => path === contentRoot)?.sets.has(name) === true;
  return has && list(target) === list(source);
}

async function sameFiles(source: UsbMedium, target: UsbMedium): Promise<boolean> {
  const small = ['bootwright/manifest.json', 'bootwright/manifest.sig'];
  for (const path of small) {
    const [a, b] = [source.file(path), target.file(path)];
    if (a === undefined || b === undefined) return false;
    if (!Buffer.from(await source.bytes(a)).equals(await target.bytes(b))) return false;
  }
  return source.files.length === target.files.length;
}

async function sameLoader(source: UsbMedium, target: UsbMedium): Promise<boolean> {
  const facts = async (usb: UsbMedium): Promise<string> => {
    const files = usb.shared.files.filter(({ path }) => path.startsWith('EFI/') || path.startsWith('boot/'));
    return JSON.stringify(await Promise.all(files.map(async (file) => [file.path, await usb.hash(file)])));
  };
  return (await facts(source)) === (await facts(target));
}
