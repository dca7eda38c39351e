import type { DiskStorage } from '../host/own-thread-storage.ts';
import { BootwrightError } from '../model/error.ts';
import { type DiskPlan, headSize } from './disk-plan.ts';
import type { SharedReader } from './shared-reader.ts';

export type LayPhase = 'writing' | 'reading back' | 'finishing';

export interface LayOrder {
  readonly path: string;
  readonly storage: DiskStorage;
  readonly plan: DiskPlan;
  readonly reader: SharedReader;
  readonly onPhase: (phase: LayPhase, bytes: number) => void;
  readonly onBytes: (done: number) => void;
  /** Throws when the work is to end: interrupted, or the disk is gone. */
  readonly goOn: () => void;
}

/** A kernel that may keep gigabytes unwritten shows progress that is none, and then stands still. */
const flushEvery = 64 * 1024 * 1024;
/** Pieces a disk's thread has before it asks for them: the main thread has other disks, and starts programs. */
const ahead = 6;

/**
 * Lays a medium on one disk: the body, read back from the disk; what is this disk's own; last its start, so that a disk
 * that was pulled out before starts nowhere.
 *
 * @throws BW-STAGING-009, BW-HOST-080, BW-HOST-004, whatever `goOn` throws
 */
export async function layDisk(order: LayOrder): Promise<void> {
  const { storage, plan, reader, goOn } = order;
  await storage.write(0, Buffer.alloc(Math.min(headSize, storage.size)));
  order.onPhase('writing', reader.bytes);
  let unflushed = 0;
  await eachPiece(order, async (offset, bytes) => {
    await storage.write(offset, bytes);
    unflushed += bytes.length;
    if (unflushed < flushEvery) return;
    unflushed = 0;
    await storage.flush();
  });
  await storage.forget();
  order.onPhase('reading back', reader.bytes);
  await eachPiece(order, (offset, bytes) => compare(order, offset, bytes));
  order.onPhase('finishing', 0);
  for (const { offset, bytes } of plan.pieces) await storage.write(offset, bytes);
  await storage.flush();
  goOn();
  await storage.write(0, plan.head);
  await storage.forget();
  for (const { offset, bytes } of [...plan.pieces, { offset: 0, bytes: plan.head }])
    await compare(order, offset, bytes);
}

async function eachPiece(
  { plan, reader, goOn, onBytes }: LayOrder,
  use: (offset: number, bytes: Buffer) => Promise<void>,
): Promise<void> {
  const underWay: Promise<void>[] = [];
  let done = 0;
  try {
    for (const [number, { size }] of reader.pieces.entries()) {
      goOn();
      const work = reader
        .with(number, (bytes, piece) => use(plan.starts[piece.section]! + piece.offset, bytes))
        .then(() => {
          done += size;
          onBytes(done);
        });
      // It is waited for below.
      work.catch(() => undefined);
      underWay.push(work);
      if (underWay.length > ahead) await underWay.shift();
    }
    while (underWay.length > 0) await underWay.shift();
  } finally {
    await Promise.allSettled(underWay);
  }
}

async function compare({ storage, path }: LayOrder, offset: number, expected: Uint8Array): Promise<void> {
  const at = await storage.difference(offset, expected);
  if (at !== undefined)
    throw new BootwrightError(
      'BW-STAGING-009',
      `${path} gives back other bytes than were written, first at byte ${at}.`,
    );
}
