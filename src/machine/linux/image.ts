import { createHash } from 'node:crypto';
import { monotonicMilliseconds } from '../../host/clock.ts';
import { hashFile, withScratch } from '../../host/files.ts';
import { run } from '../../host/process.ts';
import { BootwrightError } from '../../model/error.ts';
import type { ApplyImageRequest, CompareImageRequest, ImageComparison } from '../../model/machine.ts';
import { type ImageEntry, parseImageListing } from './image-listing.ts';
import type { Mounts } from './mounts.ts';
import { type FoundEntry, walkTree } from './tree.ts';

/** Larger files are hashed in passing; smaller ones are unpacked together, which reads the WIM once. */
const largestUnpacked = 8 * 2 ** 20;
const largestBatch = 48 * 2 ** 20;

/**
 * Writes an image to a volume: to the mounted ext4 with owners, modes, device nodes, hard links and capabilities, to
 * the unmounted NTFS volume with everything Windows keeps there. @throws BW-STEP-017, BW-HOST-006
 */
export async function applyImage(
  request: ApplyImageRequest,
  device: string,
  fileSystem: string,
  mounts: Mounts,
): Promise<void> {
  const isNtfs = fileSystem === 'ntfs';
  if (isNtfs) await mounts.unmount(device);
  const target = isNtfs ? device : await mounts.mount(device);
  let reported = Number.NEGATIVE_INFINITY;
  try {
    await run(
      'wimlib-imagex',
      [
        ...['apply', request.file, String(request.index), target],
        ...[...otherParts(request.file), ...(isNtfs ? [] : ['--unix-data'])],
      ],
      {
        ...(request.signal === undefined ? {} : { signal: request.signal }),
        onOutput: (piece) => {
          // wimlib writes dozens of lines a second; each event costs screen, log and serial line some milliseconds.
          const now = monotonicMilliseconds();
          const progress = parseProgress(piece);
          if (progress === undefined || (now - reported < 500 && progress.fraction < 1)) return;
          reported = now;
          request.onProgress?.(progress.fraction, progress.text);
        },
      },
    );
    await run('sync', []);
  } catch (cause) {
    if (cause instanceof BootwrightError && cause.code === 'BW-HOST-006') throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new BootwrightError('BW-STEP-017', `Image ${request.index} was not fully applied to ${device}: ${reason}`, {
      cause,
    });
  }
}

/** An image that was too large for its medium lies there in parts: `name.swm`, `name2.swm`, … */
function otherParts(file: string): string[] {
  return file.endsWith('.swm') ? [`--ref=${file.slice(0, -'.swm'.length)}*.swm`] : [];
}

/** wimlib writes `Extracting file data: 12 MiB of 71 MiB (16%) done` again and again, with `\r` between. */
export function parseProgress(piece: string): { readonly fraction: number; readonly text: string } | undefined {
  const last = [...piece.matchAll(/Extracting file data: (\S+ \S+) of (\S+ \S+) \((\d+)%\)/g)].at(-1);
  if (last === undefined) return undefined;
  return { fraction: Number(last[3]) / 100, text: `${last[1]} of ${last[2]}` };
}

/** Remounts the volume read-only, so that what is compared comes from the disk. */
export async function compareWithImage(
  request: CompareImageRequest,
  device: string,
  mounts: Mounts,
  runFolder: string,
): Promise<ImageComparison> {
  const { file, index, ignore } = request;
  const listing = await run('wimlib-imagex', ['dir', file, String(index), '--detailed']);
  const isIgnored = (path: string): boolean => ignore.includes(path.split('/')[1] ?? '');
  const expected = parseImageListing(listing.stdout).filter(({ path }) => path !== '/' && !isIgnored(path));
  await mounts.unmount(device);
  await run('blockdev', ['--flushbufs', device]);
  const folder = await mounts.mount(device, undefined, true);
  try {
    const all = await walkTree(folder, ignore);
    const known = new Set(expected.map(({ path }) => path));
    const found = request.mayHoldMore === true ? new Map([...all].filter(([path]) => known.has(path))) : all;
    const { sampled, differences } = await compareSample(request, expected, found, folder, runFolder);
    return {
      expected: countOf(expected),
      found: countOf(found.values()),
      sampled,
      differences: [...compareTrees(expected, found), ...differences],
    };
  } finally {
    await mounts.unmount(device);
  }
}

function countOf(entries: Iterable<{ readonly kind: string; readonly sizeBytes: number }>): {
  files: number;
  bytes: number;
} {
  let files = 0;
  let bytes = 0;
  for (const { kind, sizeBytes } of entries) {
    if (kind !== 'directory') files++;
    bytes += sizeBytes;
  }
  return { files, bytes };
}

/** Every path, its kind, size and, where the image has them, owner and permissions. */
function compareTrees(expected: readonly ImageEntry[], found: ReadonlyMap<string, FoundEntry>): string[] {
  const differences: string[] = [];
  const known = new Set<string>();
  for (const { path, kind, sizeBytes, unix } of expected) {
    known.add(path);
    const there = found.get(path);
    if (there === undefined) differences.push(`${path} is missing`);
    else if (there.kind !== kind) differences.push(`${path} is a ${there.kind} instead of a ${kind}`);
    else if (there.sizeBytes !== sizeBytes)
      differences.push(`${path} has ${there.sizeBytes} bytes instead of ${sizeBytes}`);
    else if (unix !== undefined && (unix.uid !== there.uid || unix.gid !== there.gid))
      differences.push(`${path} belongs to ${there.uid}:${there.gid} instead of ${unix.uid}:${unix.gid}`);
    else if (unix !== undefined && kind !== 'link' && unix.mode !== there.mode)
      differences.push(`${path} has mode ${there.mode.toString(8)} instead of ${unix.mode.toString(8)}`);
  }
  for (const path of found.keys()) if (!known.has(path)) differences.push(`${path} is not in the image`);
  return differences;
}

async function compareSample(
  { file, index, seed, sampleSize }: CompareImageRequest,
  expected: readonly ImageEntry[],
  found: ReadonlyMap<string, FoundEntry>,
  folder: string,
  runFolder: string,
): Promise<{ sampled: number; differences: string[] }> {
  const sample = chooseSample(expected, seed, sampleSize).filter(
    ({ path, sizeBytes }) => found.get(path)?.sizeBytes === sizeBytes,
  );
  const differences: string[] = [];
  const compare = async (path: string, wanted: string): Promise<void> => {
    if ((await hashFile(`${folder}${path}`)) !== wanted) differences.push(`${path} has another content`);
  };
  for (const batch of batches(sample)) {
    if (batch.length === 1 && (batch[0]?.sizeBytes ?? 0) > largestUnpacked) {
      const [{ path }] = batch as [ImageEntry];
      const script = 'wimlib-imagex extract "$@" --to-stdout --no-globs | sha256sum';
      const { stdout } = await run('sh', ['-c', script, 'sh', file, String(index), path, ...otherParts(file)]);
      await compare(path, stdout.slice(0, 64));
      continue;
    }
    await withScratch(async (scratch) => {
      const paths = batch.map(({ path }) => path);
      const options = ['--dest-dir', scratch, '--preserve-dir-structure', '--no-globs', '--no-acls', '--no-attributes'];
      await run('wimlib-imagex', ['extract', file, String(index), ...paths, ...options, ...otherParts(file)]);
      for (const path of paths) await compare(path, await hashFile(`${scratch}${path}`));
    }, runFolder);
  }
  return { sampled: sample.length, differences };
}

/** Files that hold something, chosen by a seed: nobody who damages a few can know which ones are looked at. */
export function chooseSample(entries: readonly ImageEntry[], seed: string, size: number): ImageEntry[] {
  return (
    entries
      // wimlib takes `\\` in an argument for `/`, so such a name cannot be asked for.
      .filter(({ path, kind, sizeBytes }) => kind === 'file' && sizeBytes > 0 && !path.includes('\\'))
      .map((entry) => ({ entry, rank: createHash('sha256').update(`${seed}\0${entry.path}`).digest('hex') }))
      .sort((a, b) => (a.rank < b.rank ? -1 : 1))
      .slice(0, size)
      .map(({ entry }) => entry)
  );
}

function batches(sample: readonly ImageEntry[]): ImageEntry[][] {
  const large = sample.filter(({ sizeBytes }) => sizeBytes > largestUnpacked).map((entry) => [entry]);
  const small: ImageEntry[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const entry of sample) {
    if (entry.sizeBytes > largestUnpacked) continue;
    if (bytes + entry.sizeBytes > largestBatch) {
      small.push([]);
      bytes = 0;
    }
    small.at(-1)?.push(entry);
    bytes += entry.sizeBytes;
  }
  return [...small, ...large];
}
