import { checkCapacity } from '../build/stick/capacity.ts';
import { now } from '../host/clock.ts';
import { type DiskStorage, openInOwnThread } from '../host/own-thread-storage.ts';
import { randomId } from '../host/random.ts';
import { BootwrightError } from '../model/error.ts';
import { type PlacedDisk, refuseForbidden, refuseUnfitting } from './bays.ts';
import type { Custody, CustodyRecord, Permission } from './custody.ts';
import { writeLabel } from './label.ts';
import { layDisk } from './lay-disk.ts';
import { lookAt } from './look.ts';
import type { StagingMedium } from './medium.ts';
import type { Operator } from './operator.ts';
import type { SharedReader } from './shared-reader.ts';
import { describeHealth, diskHealth } from './smart.ts';
import type { BayView } from './view.ts';
import { type WipeMethod, type WipeStatement, wipe } from './wipe.ts';

/** What all bays of a station have in common. */
export interface Station {
  readonly medium: StagingMedium;
  readonly reader: SharedReader;
  readonly custody: Custody;
  readonly operator: Operator;
  readonly wipe: WipeMethod;
  readonly ignoreSmart: boolean;
  /** Serial → asset tag. */
  readonly assets: ReadonlyMap<string, string> | undefined;
  /** Tags that the file does not know are asked for. */
  readonly scan: boolean;
  /** Serials, or `PATH=SIZE`. */
  readonly yesErase: readonly string[];
  readonly forbidden: ReadonlyMap<string, string>;
  /** Tags of disks that are worked on now → bay. */
  readonly tagsAtWork: Map<string, string>;
}

export interface BayOrder {
  readonly bay: string;
  readonly disk: PlacedDisk;
  /** No other disk that is here now has the same serial. */
  readonly serialIsUnique: boolean;
  /** Lay it although it has been laid. */
  readonly again: boolean;
  readonly show: (changes: Partial<BayView>, progress?: boolean) => void;
  /** Aborted with an error when the disk is gone or the station ends. */
  readonly signal: AbortSignal;
}

/** The disk was laid before; nothing was done. */
export class LaidBefore extends Error {}

/**
 * Everything that is done to one disk, from the first look to its label.
 *
 * @throws LaidBefore, BW-STAGING-002 … -010, BW-MEDIA-084, BW-HOST-080, whatever the signal was aborted with
 */
export async function workOn(station: Station, order: BayOrder): Promise<CustodyRecord> {
  const { disk } = order;
  refuseForbidden(disk, station.forbidden);
  refuseUnfitting(disk, station.medium.smallest);
  // Held from the first look on: nothing can mount it meanwhile, and the kernel refuses when something has.
  const storage = await openInOwnThread(disk.path, { mode: 'change', exclusive: true });
  try {
    return await layAndRecord(station, order, storage);
  } catch (error) {
    // A disk that is gone fails in many ways before it is missed.
    if (order.signal.aborted) throw order.signal.reason;
    throw error;
  } finally {
    for (const [tag, bay] of station.tagsAtWork) if (bay === order.bay) station.tagsAtWork.delete(tag);
    await storage.close();
  }
}

async function layAndRecord(station: Station, order: BayOrder, storage: DiskStorage): Promise<CustodyRecord> {
  const { custody, medium } = station;
  const { bay, disk, show, signal } = order;
  const serial = order.serialIsUnique ? disk.serial : '';
  const health = await diskHealth(disk.path);
  const contents = await lookAt(disk.path, storage);
  show({ health: describeHealth(health), contents: contents.text });
  refuseLaid(station, order, serial, contents.diskUuid);
  if (health.verdict === 'failing' && !station.ignoreSmart)
    throw new BootwrightError('BW-STAGING-005', `${disk.path} says that it is failing. Nothing was written.`);
  const begun = await custody.begun(serial, disk.size);
  const asset = await assetOf(station, order, serial, begun?.asset ?? '');
  show({ asset });
  const permission: Permission = contents.empty
    ? 'it was empty'
    : begun !== undefined
      ? 'continued after an interruption'
      : await permissionFor(station, order, serial, contents.text);
  signal.throwIfAborted();
  const startedAt = now().toISOString();
  const before = begun?.before ?? contents.text;
  await custody.begin({ serial, size: disk.size, asset, before, startedAt });
  const plan = await medium.plan(storage.size);
  const record = {
    format: 'bootwright-custody/1',
    id: `${startedAt.slice(0, 10)}-${randomId().slice(0, 13)}`,
    medium: medium.statement,
    disk: {
      ...{ serial: disk.serial, vendor: disk.vendor, model: disk.model, size: disk.size },
      ...{ bay, path: disk.path, port: disk.port },
    },
    ...{ asset, health, before, permission, startedAt },
  } as const;
  let wiped: WipeStatement | undefined;
  const goOn = (): void => signal.throwIfAborted();
  try {
    show({ phase: 'checking', done: 0, total: 0, message: '' });
    await checkCapacity(storage, disk.path);
    show({ phase: 'wiping' });
    const onBytes = (done: number, total: number): void => show({ done, total }, true);
    wiped = await wipe({
      ...{ path: disk.path, storage, method: station.wipe, edges: contents.edges, onBytes, goOn },
    });
    await layDisk({
      ...{ path: disk.path, storage, plan, reader: station.reader, goOn },
      onPhase: (phase, total) => show({ phase, done: 0, total }),
      onBytes: (done) => show({ done }, true),
    });
  } catch (error) {
    const cause = signal.aborted ? (signal.reason as unknown) : error;
    if (!(cause instanceof BootwrightError)) throw cause;
    await custody.add({
      ...{ ...record, endedAt: now().toISOString(), result: 'failed' },
      ...{ failure: { code: cause.code, message: cause.message }, ...(wiped && { wipe: wiped }) },
    });
    throw cause;
  }
  const laid: CustodyRecord = {
    ...{ ...record, endedAt: now().toISOString(), result: 'laid', wipe: wiped },
    bytesWritten: station.reader.bytes,
    ...(plan.identity === undefined ? {} : { identity: plan.identity }),
  };
  await writeLabel(custody.folder, laid);
  await custody.add(laid);
  return laid;
}

/** @throws LaidBefore */
function refuseLaid(station: Station, { again }: BayOrder, serial: string, diskUuid: string | undefined): void {
  if (again) return;
  const { records } = station.custody;
  const found = records.findLast(
    ({ result, disk, medium, identity }) =>
      result === 'laid' &&
      medium.sha256 === station.medium.statement.sha256 &&
      ((serial !== '' && disk.serial === serial) || (diskUuid !== undefined && identity?.diskUuid === diskUuid)),
  );
  if (found !== undefined) throw new LaidBefore(`laid on ${found.endedAt.slice(0, 16).replace('T', ' ')}`);
}

/** @throws BW-STAGING-006, BW-STAGING-007 */
async function assetOf(station: Station, order: BayOrder, serial: string, known: string): Promise<string> {
  const { assets, scan, operator } = station;
  const { bay, disk, show, signal } = order;
  const listed = known !== '' ? known : serial === '' ? undefined : assets?.get(serial);
  if (listed !== undefined) {
    const problem = claim(station, order, listed);
    if (problem !== undefined) throw new BootwrightError('BW-STAGING-007', `${problem}. Nothing was written.`);
    return listed;
  }
  if (!scan && assets === undefined) return '';
  if (!scan) {
    const why =
      disk.serial === ''
        ? 'has no serial'
        : serial === ''
          ? 'has the same serial as another one'
          : 'is not in the file of assets';
    throw new BootwrightError('BW-STAGING-006', `The disk ${disk.serial || disk.path} ${why}. Nothing was written.`);
  }
  for (let message = 'scan its asset tag'; ; ) {
    show({ phase: 'waits for its tag', message });
    const tag = await operator.ask(bay, 'tag', signal);
    const problem = claim(station, order, tag);
    if (problem === undefined) {
      show({ phase: 'looking', message: '' });
      return tag;
    }
    message = `${problem}: scan another one`;
  }
}

/** Takes a tag for this bay, or says who has it. */
function claim({ custody, tagsAtWork }: Station, { bay, disk }: BayOrder, tag: string): string | undefined {
  const other = custody.records.find(
    ({ asset, disk: { serial } }) => asset === tag && (serial !== disk.serial || serial === ''),
  );
  if (other !== undefined) return `${tag} is the tag of the disk ${other.disk.serial || other.id} already`;
  const atWork = tagsAtWork.get(tag);
  if (atWork !== undefined && atWork !== bay) return `${tag} is the tag of the disk in bay ${atWork} already`;
  tagsAtWork.set(tag, bay);
  return undefined;
}

async function permissionFor(
  { yesErase, operator }: Station,
  { bay, disk, show, signal }: BayOrder,
  serial: string,
  contents: string,
): Promise<Permission> {
  const named = (serial !== '' && yesErase.includes(serial)) || yesErase.includes(`${disk.path}=${disk.size}`);
  if (named) return '--yes-erase';
  if (disk.serial !== '' && yesErase.includes(disk.serial))
    throw new BootwrightError(
      'BW-STAGING-014',
      `Several disks that are here have the serial ${disk.serial}: name this one ${disk.path}=${disk.size}. Nothing was written.`,
    );
  show({ phase: 'waits for permission', message: `holds ${contents}: type "erase ${bay}" or "skip ${bay}"` });
  await operator.ask(bay, 'permission', signal);
  return 'typed at the station';
}
