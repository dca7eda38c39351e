import { parseWimHeader, parseWimXml, WimFault, wimHeaderSize } from '../../formats/wim.ts';
import { monotonicMilliseconds, sleep } from '../../host/clock.ts';
import { exists, sizeOf, withScratch, writeAtomically } from '../../host/files.ts';
import { run } from '../../host/process.ts';
import { BootwrightError } from '../../model/error.ts';
import type { CapturedImage, CaptureImageRequest, VerifyImageRequest } from '../../model/machine.ts';
import { formatDuration } from '../../model/quantity.ts';
import type { Mounts } from './mounts.ts';
import { readAt } from './partitions.ts';

const compressions = { none: 'none', fast: 'XPRESS', maximum: 'LZX', recovery: 'LZMS' } as const;
/** wimlib says something many times a second; a disk that thinks for a while is no reason to worry anybody. */
const worrySeconds = 15;
const graceMilliseconds = 5000;

/**
 * Writes a volume into a WIM: an NTFS volume unmounted, with everything Windows keeps there; a Linux file system with
 * owners, modes, device nodes, hard links, capabilities, ACLs and other extended attributes.
 *
 * @throws BW-STEP-110, BW-STEP-115 nothing was written for too long, BW-HOST-006
 */
export async function captureImage(
  request: CaptureImageRequest,
  device: string,
  fileSystem: string,
  mounts: Mounts,
  runFolder: string,
): Promise<void> {
  const isNtfs = fileSystem === 'ntfs';
  if (isNtfs) await mounts.unmount(device);
  const source = isNtfs ? device : await mounts.mount(device, undefined, true);
  // Absolute links stay as they are: wimlib would shorten those that lead below the folder of our mount.
  const kind = isNtfs || fileSystem === 'vfat' ? [] : ['--unix-data', '--norpfix'];
  const mode = (await exists(request.file)) ? ['append'] : ['capture'];
  const compression = mode[0] === 'capture' ? [`--compress=${compressions[request.compression]}`] : [];
  const properties = Object.entries(request.properties).map(([name, value]) => `--image-property=${name}=${value}`);
  await withScratch(async (scratch) => {
    const config = `${scratch}/exclude.ini`;
    await writeAtomically(config, ['[ExclusionList]', ...request.exclude, ''].join('\n'));
    const args = [
      ...[...mode, source, request.file, request.name, request.description],
      ...[...kind, ...compression, ...properties, `--config=${config}`, '--include-integrity'],
    ];
    try {
      await withPatience(request, (signal, heard) =>
        run('wimlib-imagex', args, { signal, keepOutput: 2 ** 20, onOutput: heard }),
      );
    } catch (cause) {
      if (cause instanceof BootwrightError && ['BW-HOST-006', 'BW-STEP-115'].includes(cause.code)) throw cause;
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new BootwrightError('BW-STEP-110', `${device} (${fileSystem}) was not captured: ${reason}`, { cause });
    }
  }, runFolder);
}

/** Ends a program that has been silent for too long: what it writes to went away and did not come back. */
async function withPatience(
  { file, patienceSeconds, onProgress, signal }: CaptureImageRequest,
  work: (signal: AbortSignal, heard: (piece: string) => void) => Promise<unknown>,
): Promise<void> {
  const silence = new AbortController();
  const finished = new AbortController();
  let heardAt = monotonicMilliseconds();
  let fraction = 0;
  let told = 0;
  const watch = async (): Promise<void> => {
    for (;;) {
      await sleep(1000, finished.signal);
      const seconds = (monotonicMilliseconds() - heardAt) / 1000;
      if (seconds >= patienceSeconds) return silence.abort();
      if (seconds >= worrySeconds && Math.floor(seconds / worrySeconds) > told) {
        told += 1;
        onProgress?.(fraction, `The destination has not answered for ${formatDuration(seconds)}; waiting for it`);
      }
    }
  };
  watch().catch(() => undefined);
  let reported = Number.NEGATIVE_INFINITY;
  const working = work(signal === undefined ? silence.signal : AbortSignal.any([signal, silence.signal]), (piece) => {
    heardAt = monotonicMilliseconds();
    told = 0;
    const progress = parseCaptureProgress(piece);
    if (progress === undefined || (heardAt - reported < 500 && progress.fraction < 1)) return;
    reported = heardAt;
    fraction = progress.fraction;
    onProgress?.(progress.fraction, progress.text);
  });
  // A program that waits for a disk inside the kernel does not end when it is told to.
  const left = Promise.withResolvers<never>();
  silence.signal.addEventListener('abort', () => {
    sleep(graceMilliseconds, finished.signal).then(
      () => left.reject(new Error('it does not end')),
      () => undefined,
    );
  });
  try {
    await Promise.race([working, left.promise]);
  } catch (error) {
    working.catch(() => undefined);
    if (!silence.signal.aborted) throw error;
    throw new BootwrightError(
      'BW-STEP-115',
      `Nothing could be written to ${file} for ${formatDuration(patienceSeconds)}. The image is not finished and has no name yet.`,
      { cause: error },
    );
  } finally {
    finished.abort();
  }
}

/** `Archiving file data: 12 MiB of 71 MiB (16%) done`, again and again, with `\r` between; scanning comes before. */
export function parseCaptureProgress(piece: string): { readonly fraction: number; readonly text: string } | undefined {
  const data = [...piece.matchAll(/Archiving file data: (\S+ \S+) of (\S+ \S+) \((\d+)%\)/g)].at(-1);
  if (data !== undefined) return { fraction: Number(data[3]) / 100, text: `${data[1]} of ${data[2]}` };
  const scan = [...piece.matchAll(/(\S+ \S+) scanned \((\d+ files, \d+ directories)\)/g)].at(-1);
  return scan === undefined ? undefined : { fraction: 0, text: `${scan[1]} in ${scan[2]} found` };
}

/** @throws BW-STEP-113, BW-HOST-006 */
export async function verifyImage({ file, onProgress, signal }: VerifyImageRequest): Promise<readonly CapturedImage[]> {
  let reported = Number.NEGATIVE_INFINITY;
  try {
    await run('wimlib-imagex', ['verify', file], {
      keepOutput: 2 ** 20,
      ...(signal === undefined ? {} : { signal }),
      onOutput: (piece) => {
        const found = [...piece.matchAll(/Verifying (?:file data|integrity of [^:]*): .*?\((\d+)%\) done/g)].at(-1);
        const now = monotonicMilliseconds();
        if (found === undefined || now - reported < 500) return;
        reported = now;
        onProgress?.(Number(found[1]) / 100, `${found[1]} % of what was written was read back`);
      },
    });
    return await imagesOf(file);
  } catch (cause) {
    if (cause instanceof BootwrightError && cause.code === 'BW-HOST-006') throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new BootwrightError('BW-STEP-113', `${file} does not read back as it was written: ${reason}`, { cause });
  }
}

async function imagesOf(file: string): Promise<CapturedImage[]> {
  const header = parseWimHeader(await readAt(file, 0, wimHeaderSize));
  const { offset, size } = header.xml;
  if (header.writeInProgress || offset + size > (await sizeOf(file))) throw new WimFault('it is not finished');
  const images = parseWimXml(await readAt(file, offset, size));
  return images.map(({ index, name, files, bytes }) => ({ index, name, files, bytes }));
}
