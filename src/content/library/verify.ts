import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { monotonicMilliseconds, sleep } from '../../host/clock.ts';
import { mkdir, rename } from '../../host/files.ts';
import { readPieces } from '../../host/pieces.ts';
import { randomId } from '../../host/random.ts';
import { formatReference } from '../../model/content.ts';
import { BootwrightError } from '../../model/error.ts';
import { type Blob, blobPath, blobSize } from './blobs.ts';
import { objectFiles, readObjectFile } from './objects.ts';

export interface VerifyLibraryOptions {
  /** Only what this ID uses. */
  readonly id?: string;
  /** Reads no faster than this, so that whoever is served meanwhile does not notice. */
  readonly bytesPerSecond?: number;
  readonly signal?: AbortSignal;
  /** Called once with what is to be read. */
  readonly onTotal?: (bytes: number) => void;
  /** Called with bytes dealt with since the last call. */
  readonly onBytes?: (bytes: number) => void;
}

export interface DamagedBlob extends Blob {
  readonly state: 'missing' | 'damaged';
  /** `tools@3: bin/tool.sh`, everything that needs it. */
  readonly usedBy: readonly string[];
}

export interface LibraryVerification {
  /** Files whose hash is right. */
  readonly blobs: number;
  readonly bytes: number;
  readonly damaged: readonly DamagedBlob[];
  /** Objects that cannot be read, by file. */
  readonly unreadable: readonly { readonly file: string; readonly reason: string }[];
}

/**
 * Reads every file that content refers to and compares it with its hash. A damaged one is moved to `damaged/`, so that
 * nobody is served with it, and counts as missing from then on; adding the content again mends it.
 *
 * @throws BW-HOST-006
 */
export async function verifyLibrary(library: string, options: VerifyLibraryOptions = {}): Promise<LibraryVerification> {
  const { used, unreadable } = await references(library, options.id);
  options.onTotal?.([...used.values()].reduce((sum, { size }) => sum + size, 0));
  const pace = paceMaker(options.bytesPerSecond, options.signal);
  const damaged: DamagedBlob[] = [];
  let bytes = 0;
  for (const [sha256, { size, usedBy }] of [...used].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const state = await stateOf(library, { sha256, size }, options, pace);
    if (state === 'sound') bytes += size;
    else damaged.push({ sha256, size, state, usedBy });
  }
  return { blobs: used.size - damaged.length, bytes, damaged, unreadable };
}

async function references(library: string, id: string | undefined) {
  const used = new Map<string, { size: number; usedBy: string[] }>();
  const unreadable: { file: string; reason: string }[] = [];
  for (const file of await objectFiles(library, id)) {
    try {
      const object = await readObjectFile(file);
      if (object === undefined) continue;
      for (const { path, sha256, size } of object.files) {
        const entry = used.get(sha256) ?? { size, usedBy: [] };
        entry.usedBy.push(`${formatReference(object)}: ${path}`);
        used.set(sha256, entry);
      }
    } catch (error) {
      if (!(error instanceof BootwrightError)) throw error;
      unreadable.push({ file, reason: error.message });
    }
  }
  return { used, unreadable };
}

type Pace = (bytes: number) => Promise<void>;

async function stateOf(
  library: string,
  { sha256, size }: Blob,
  { signal, onBytes }: VerifyLibraryOptions,
  pace: Pace,
): Promise<'sound' | 'missing' | 'damaged'> {
  const found = await blobSize(library, sha256);
  if (found === undefined) return 'missing';
  const path = blobPath(library, sha256);
  if (found === size && (await hashOf(path, pace, signal, onBytes)) === sha256) return 'sound';
  const folder = join(library, 'damaged');
  await mkdir(folder, { recursive: true });
  await rename(path, join(folder, `${sha256}.${randomId()}`)).catch((error: { code?: string }) => {
    if (error.code !== 'ENOENT') throw error;
  });
  return 'damaged';
}

/** Undefined when a disk error stops the reading: then the file is as bad as a changed one. */
async function hashOf(
  path: string,
  pace: Pace,
  signal: AbortSignal | undefined,
  onBytes: VerifyLibraryOptions['onBytes'],
): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    for await (const piece of readPieces(path, signal)) {
      hash.update(piece);
      onBytes?.(piece.length);
      await pace(piece.length);
    }
  } catch (error) {
    if ((error as { code?: string }).code === 'EIO') return undefined;
    throw error;
  }
  return hash.digest('hex');
}

function paceMaker(bytesPerSecond: number | undefined, signal: AbortSignal | undefined): Pace {
  if (bytesPerSecond === undefined) return async () => undefined;
  const started = monotonicMilliseconds();
  let done = 0;
  return async (bytes) => {
    done += bytes;
    const ahead = (done / bytesPerSecond) * 1000 - (monotonicMilliseconds() - started);
    // Timers are not finer, and the next piece makes up for it.
    if (ahead > 5) await sleep(ahead, signal).catch(() => undefined);
  };
}
