import * as z from 'zod';
import { type DiskPlace, diskPlace, disksBehind } from '../host/disk-place.ts';
import { type Disk, listDisks } from '../host/disks.ts';
import { readText, realpath } from '../host/files.ts';
import { BootwrightError, formatPlace } from '../model/error.ts';
import { formatBytes } from '../model/quantity.ts';
import { readDocument } from '../site/read-document.ts';

/** A disk with where it hangs. */
export interface PlacedDisk extends Disk, DiskPlace {}

/** A place for a disk. */
export interface Bay {
  readonly name: string;
  /** The disk that is in it now, if any. */
  find(disks: readonly PlacedDisk[]): Promise<PlacedDisk | undefined>;
}

const baysSchema = z.strictObject({
  bays: z
    .record(
      z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,15}$/, 'a name is up to 16 letters, digits, ., _ and -'),
      z.union([
        z.string().regex(/^\/dev\//, 'write a path below /dev, best one of /dev/disk/by-path'),
        z.strictObject({ port: z.string().min(3) }),
      ]),
    )
    .refine((bays) => Object.keys(bays).length > 0, 'name at least one bay'),
});

/** Reads `bays: { A1: /dev/disk/by-path/…, A2: { port: … } }`. @throws BW-STAGING-001, BW-HOST-007 */
export async function readBays(file: string): Promise<Bay[]> {
  const { value, problems } = readDocument(baysSchema, await readText(file), file);
  const [problem] = problems;
  if (value === undefined)
    throw new BootwrightError('BW-STAGING-001', problem?.message ?? 'It holds no bays.', {
      place: problem ?? { file },
    });
  const entries = Object.entries(value.bays);
  const names = new Set(entries.map(([name]) => name.toLowerCase()));
  if (names.size < entries.length)
    throw new BootwrightError('BW-STAGING-001', `${formatPlace({ file })}: two bays have the same name.`);
  return entries.map(([name, place]) => ({
    name,
    find: async (disks) => {
      if (typeof place !== 'string') return disks.find(({ port }) => port === place.port);
      const path = await realpath(place).catch(() => undefined);
      return disks.find((disk) => disk.path === path);
    },
  }));
}

/** Numbers ports as disks appear in them. Disks that are there at the start are no bays. */
export class AppearingBays {
  readonly #first: ReadonlySet<string>;
  readonly #known: Bay[] = [];
  readonly #ports = new Set<string>();

  /** `except`: insertions that count although they were there. */
  constructor(there: readonly PlacedDisk[], except: ReadonlySet<string>) {
    this.#first = new Set(there.map(insertionOf).filter((each) => !except.has(each)));
  }

  now(disks: readonly PlacedDisk[]): readonly Bay[] {
    for (const disk of disks) {
      if (disk.kind === 'loop' || this.#first.has(insertionOf(disk)) || this.#ports.has(disk.port)) continue;
      this.#ports.add(disk.port);
      this.#known.push({
        name: String(this.#known.length + 1),
        find: async (all) =>
          all.find((each) => each.port === disk.port && each.kind !== 'loop' && !this.#first.has(insertionOf(each))),
      });
    }
    return this.#known;
  }
}

/** Tells this insertion of a disk from every other. */
export function insertionOf({ path, insertion }: PlacedDisk): string {
  return `${path} ${insertion}`;
}

/** All disks of this machine with where they hang. */
export async function placedDisks(): Promise<PlacedDisk[]> {
  const found = await Promise.all(
    (await listDisks()).map(async (disk) => {
      const place = await diskPlace(disk.path);
      return place === undefined ? [] : [{ ...disk, ...place }];
    }),
  );
  return found.flat();
}

/** What can never be a bay, with why: the disks these files lie on, and the system's. */
export async function forbiddenDisks(files: Readonly<Record<string, string>>): Promise<Map<string, string>> {
  const forbidden = new Map<string, string>();
  for (const [path, what] of Object.entries({ ...files, '/': 'the running system', '/boot': 'the running system' }))
    for (const disk of await disksBehind(path)) forbidden.set(disk, what);
  return forbidden;
}

/** @throws BW-STAGING-002 */
export function refuseForbidden(disk: PlacedDisk, forbidden: ReadonlyMap<string, string>): void {
  const what = forbidden.get(disk.path);
  const why =
    what !== undefined
      ? `${what} is on it`
      : disk.uses.length > 0
        ? `it is in use (${disk.uses.join(', ')})`
        : undefined;
  if (why !== undefined)
    throw new BootwrightError('BW-STAGING-002', `${disk.path} can never be a bay: ${why}. Nothing was written.`);
}

/** @throws BW-STAGING-003 */
export function refuseUnfitting(disk: PlacedDisk, smallest: number): void {
  const why = disk.readOnly
    ? 'it is write-protected'
    : disk.size < smallest
      ? `it holds ${formatBytes(disk.size)}, and ${formatBytes(smallest)} are needed`
      : disk.sectorSize !== 512
        ? `it has sectors of ${disk.sectorSize} bytes, and the medium was made for 512`
        : undefined;
  if (why !== undefined)
    throw new BootwrightError('BW-STAGING-003', `${disk.path} does not fit: ${why}. Nothing was written.`);
}
