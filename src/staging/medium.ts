import { basename } from 'node:path';
import { openStickImage } from '../build/stick/image.ts';
import { hashContent } from '../content/hash-cache.ts';
import { wimKind } from '../formats/wim.ts';
import { sizeOf } from '../host/files.ts';
import { type OpenStorage, openStorage } from '../host/storage.ts';
import { BootwrightError } from '../model/error.ts';
import { mediumName } from '../model/medium-name.ts';
import type { Progress } from '../model/progress.ts';
import { type DiskPlan, headSize, planPrestaged, type Section, smallestDisk } from './disk-plan.ts';
import { prepareWim } from './lay.ts';

/** What a record says about the medium. */
export interface MediumStatement {
  readonly name: string;
  /** `image`: a disk image that is none of ours. */
  readonly kind: 'prestaged' | 'medium' | 'image';
  readonly file: string;
  readonly size: number;
  readonly sha256: string;
  /** Absent where the file does not say. */
  readonly id?: string;
}

/** A medium that is ready to be laid on any number of disks. */
export interface StagingMedium {
  readonly statement: MediumStatement;
  readonly sections: readonly Section[];
  /** Bytes a disk needs at least. */
  readonly smallest: number;
  /** For a disk of that many bytes. */
  plan(size: number): Promise<DiskPlan>;
  close(): Promise<void>;
}

/**
 * Opens a prestaged WIM (laid into `folder` first), a USB image, an ISO, or the image of a whole disk.
 *
 * @throws BW-HOST-007, BW-STAGING-011, BW-MEDIA-081 a damaged USB image
 */
export async function openStagingMedium(
  file: string,
  folder: string,
  progress: Progress,
  signal?: AbortSignal,
): Promise<StagingMedium> {
  const size = await sizeOf(file);
  const storage = await openStorage(file, { mode: 'read' });
  const isWim = wimKind(await storage.read(0, 8)) !== undefined;
  await storage.close();
  if (size < 4096) throw new BootwrightError('BW-STAGING-011', `${file} is too small for the image of a disk.`);
  progress.phase('hashing the medium', { bytes: size });
  let done = 0;
  const { sha256 } = await hashContent(file, (bytes) => {
    done += bytes;
    progress.advance(done);
  });
  const facts = { file: basename(file), size, sha256 };
  return isWim ? openWim(file, facts, folder, progress, signal) : openImage(file, facts);
}

async function openWim(
  file: string,
  facts: Pick<MediumStatement, 'file' | 'size' | 'sha256'>,
  folder: string,
  progress: Progress,
  signal?: AbortSignal,
): Promise<StagingMedium> {
  const prepared = await prepareWim(file, folder, progress, signal);
  const system = await openStorage(prepared.systemFile, { mode: 'read' });
  const data = await openStorage(prepared.dataFile, { mode: 'read' });
  return {
    statement: { ...facts, kind: 'prestaged', ...named(prepared.mediumFacts?.id, facts.file) },
    sections: [
      { storage: system, extents: prepared.systemExtents },
      { storage: data, extents: prepared.dataExtents },
    ],
    smallest: smallestDisk(prepared),
    plan: async (size) => planPrestaged(prepared, size),
    close: async () => {
      await system.close();
      await data.close();
    },
  };
}

function named(id: string | undefined, file: string): Pick<MediumStatement, 'name' | 'id'> {
  return id === undefined || !/^[0-9a-f]{10,}$/.test(id) ? { name: file } : { name: mediumName(id), id };
}

/** Media of ours leave out free space and grow to the disk's size; any other image is written byte by byte. */
async function openImage(
  file: string,
  facts: Pick<MediumStatement, 'file' | 'size' | 'sha256'>,
): Promise<StagingMedium> {
  const stick = await openStickImage(file).catch((error: unknown) => {
    const foreign = error instanceof BootwrightError && ['BW-MEDIA-010', 'BW-MEDIA-011'].includes(error.code);
    if (!foreign) throw error;
    return undefined;
  });
  const storage: OpenStorage = stick?.storage ?? (await openStorage(file, { mode: 'read' }));
  const ranges = stick?.ranges ?? [{ offset: 0, size: storage.size }];
  const start = await storage.read(0, Math.min(headSize, storage.size));
  return {
    statement: {
      ...facts,
      kind: stick === undefined ? 'image' : 'medium',
      ...named(stick?.mediumId, facts.file),
    },
    sections: [{ storage, extents: ranges.flatMap(({ offset, size }) => behindHead(offset, size, storage.size)) }],
    smallest: storage.size,
    plan: async (size) => {
      const pieces = stick?.fitTo(size) ?? [];
      const head = Buffer.from(start);
      const fitted = pieces.find(({ offset }) => offset === 0);
      if (fitted !== undefined) head.set(fitted.bytes);
      return { starts: [0], pieces: pieces.filter((piece) => piece !== fitted), head };
    },
    close: () => storage.close(),
  };
}

/** The part of a range that is not in the first MiB, and in the image. */
function behindHead(offset: number, size: number, end: number): { offset: number; size: number }[] {
  const start = Math.max(offset, headSize);
  const length = Math.min(offset + size, end) - start;
  return length > 0 ? [{ offset: start, size: length }] : [];
}
