import type { VolumePiece } from '../../formats/volume.ts';
import type { Disk } from '../../host/disks.ts';
import type { Storage } from '../../host/storage.ts';
import { BootwrightError } from '../../model/error.ts';
import type { Progress } from '../../model/progress.ts';
import { checkCapacity, marksBehind } from './capacity.ts';
import type { StickImage } from './image.ts';

export interface StickResult {
  readonly path: string;
  readonly serial: string;
  readonly size: number;
  /** Absent: every byte was read back from the stick and is right. */
  readonly error?: BootwrightError;
}

/** An opened stick. */
export interface Stick {
  readonly disk: Pick<Disk, 'path' | 'serial' | 'size'>;
  readonly storage: Storage;
}

interface Written extends Stick {
  error?: BootwrightError;
}

const pieceSize = 4 * 1024 * 1024;
/** A kernel that may keep gigabytes unwritten shows progress that is none, and then stands still. */
const flushEvery = 64 * 1024 * 1024;
const head = 1024 * 1024;
/** Without the first sector neither BIOS nor UEFI, which wants a protective MBR, starts anything. */
const start = 512;

/**
 * Writes one image to several sticks at once, read once. Its start comes last, so that a stick that was pulled out in
 * between is no medium to anybody; then everything is read back from the sticks and compared. One that fails does not
 * stop the others.
 *
 * @throws BW-HOST-006 interrupted; other failures are results
 */
export async function writeSticks(
  image: StickImage,
  opened: readonly Stick[],
  progress: Progress,
  signal?: AbortSignal,
): Promise<StickResult[]> {
  const sticks: Written[] = opened.map((stick) => ({ ...stick }));
  const all = (work: (stick: Written) => Promise<void>): Promise<void> => onEach(sticks, work, signal);
  progress.phase('checking what the sticks really hold');
  // Before anything else on it changes: what lost its power from here on must not start as what it was.
  await all(async ({ storage }) => {
    await storage.write(0, Buffer.alloc(start));
    await storage.flush();
  });
  await all(({ storage, disk }) => checkCapacity(storage, disk.path));
  await all(({ storage }) => storage.write(0, Buffer.alloc(head)));

  const body = image.ranges
    .map(({ offset, size }) => clipped(offset, size, head, image.storage.size))
    .filter(({ size }) => size > 0);
  const total = body.reduce((sum, { size }) => sum + size, 0);
  progress.phase(sticks.length === 1 ? 'writing' : `writing ${sticks.length} sticks`, { bytes: total });
  let unflushed = 0;
  await eachPiece(image, body, progress, async (offset, piece) => {
    await all(({ storage }) => storage.write(offset, piece));
    unflushed += piece.length;
    if (unflushed < flushEvery) return;
    unflushed = 0;
    await all(({ storage }) => storage.flush());
  });
  const marks = new Map(sticks.map((stick) => [stick, marksBehind(stick.storage.size, body)]));
  await all(async (stick) => {
    for (const { offset, bytes } of marks.get(stick) ?? []) await stick.storage.write(offset, bytes);
  });
  const first = await image.storage.read(0, Math.min(head, image.storage.size));
  await all(({ storage }) => storage.flush());
  progress.phase('reading back', { bytes: total });
  await all(({ storage }) => storage.forget());
  await eachPiece(image, body, progress, (offset, piece) => all((stick) => compare(stick, offset, piece)));
  await all(async (stick) => {
    for (const { offset, bytes } of marks.get(stick) ?? []) await compare(stick, offset, bytes);
    const own = Buffer.from(first);
    const fitted = image.fitTo(stick.storage.size);
    for (const { offset, bytes } of fitted) if (offset === 0) own.set(bytes);
    const rest = fitted.filter(({ offset }) => offset !== 0);
    await writeChecked(stick, [...rest, { offset: start, bytes: own.subarray(start) }]);
    await writeChecked(stick, [{ offset: 0, bytes: own.subarray(0, start) }]);
  });
  return sticks.map(({ disk: { path, serial, size }, error }) => ({ path, serial, size, ...(error && { error }) }));
}

/** @throws BW-MEDIA-085 */
async function writeChecked(stick: Stick, pieces: readonly VolumePiece[]): Promise<void> {
  for (const { offset, bytes } of pieces) await stick.storage.write(offset, bytes);
  await stick.storage.forget();
  for (const { offset, bytes } of pieces) await compare(stick, offset, bytes);
}

/** The part of a range behind `from` and before `to`. */
function clipped(offset: number, size: number, from: number, to: number): { offset: number; size: number } {
  const start = Math.max(offset, from);
  return { offset: start, size: Math.min(offset + size, to) - start };
}

/** The next piece is read while the one before is written. */
async function eachPiece(
  { storage }: StickImage,
  ranges: readonly { readonly offset: number; readonly size: number }[],
  progress: Progress,
  use: (offset: number, piece: Buffer) => Promise<void>,
): Promise<void> {
  const pieces = ranges.flatMap(({ offset, size }) =>
    Array.from({ length: Math.ceil(size / pieceSize) }, (_, index) => ({
      offset: offset + index * pieceSize,
      size: Math.min(pieceSize, size - index * pieceSize),
    })),
  );
  let done = 0;
  let reading: Promise<Buffer> | undefined;
  for (const [index, { offset, size }] of pieces.entries()) {
    const piece = await (reading ?? storage.read(offset, size));
    const next = pieces[index + 1];
    reading = next === undefined ? undefined : storage.read(next.offset, next.size);
    // Nobody waits for it while the piece is in use.
    reading?.catch(() => undefined);
    await use(offset, piece);
    done += size;
    progress.advance(done);
  }
}

/** All sticks that have not failed yet. @throws BW-HOST-006, or the failure when it was the last of them */
async function onEach(
  sticks: readonly Written[],
  work: (stick: Written) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (signal?.aborted === true)
    throw new BootwrightError('BW-HOST-006', 'Interrupted: the sticks are not finished and will not start.');
  const [first] = sticks;
  if (first?.error !== undefined && sticks.every(({ error }) => error !== undefined)) throw first.error;
  await Promise.all(
    sticks
      .filter(({ error }) => error === undefined)
      .map((stick) =>
        work(stick).catch((error: unknown) => {
          if (!(error instanceof BootwrightError)) throw error;
          stick.error = error;
        }),
      ),
  );
}

/** @throws BW-MEDIA-085 */
async function compare({ storage, disk }: Stick, offset: number, expected: Uint8Array): Promise<void> {
  const found = await storage.read(offset, expected.length);
  if (found.equals(expected)) return;
  const at = offset + found.findIndex((byte, index) => byte !== expected[index]);
  throw new BootwrightError(
    'BW-MEDIA-085',
    `${disk.path} gives back other bytes than were written, first at byte ${at}: it is broken, or holds less than it says.`,
  );
}
