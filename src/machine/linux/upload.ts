import { monotonicMilliseconds, sleep } from '../../host/clock.ts';
import { hashFile, sizeOf } from '../../host/files.ts';
import { HttpsClient, type HttpsResponse, UntrustedServer } from '../../host/https-client.ts';
import { BootwrightError } from '../../model/error.ts';
import type { UploadRequest } from '../../model/machine.ts';
import type { UploadState } from '../../model/protocol.ts';
import { formatBytes, formatDuration } from '../../model/quantity.ts';
import { readAt } from './partitions.ts';

const pieceBytes = 8 * 2 ** 20;
const silenceMilliseconds = 60_000;
/** A switch that restarts and a server that is updated come back within this time. */
const patienceSeconds = 1800;
const longestPause = 30_000;

/** The server says how much it has, and the rest is sent in pieces. @throws BW-STEP-117, BW-HOST-006 */
export async function uploadFile({ file, url, token, authorities, onProgress, signal }: UploadRequest): Promise<void> {
  const size = await sizeOf(file);
  let hashed = 0;
  const sha256 = await hashFile(file, (bytes) => {
    hashed += bytes;
    if (hashed % (256 * 2 ** 20) < bytes) onProgress?.(0, `Hashing the image: ${formatBytes(hashed)}`);
  });
  const client = new HttpsClient(authorities);
  const target = (offset: number): URL => {
    const address = new URL(url);
    address.search = new URLSearchParams({ offset: String(offset), size: String(size), sha256 }).toString();
    return address;
  };
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/octet-stream' };
  const ask = (method: 'GET' | 'PUT', offset: number, body?: Uint8Array): Promise<UploadState> =>
    persistently(
      async () =>
        answerOf(
          await client.send({
            ...{ method, url: target(offset), headers, silenceMilliseconds },
            ...(body === undefined ? {} : { body }),
            ...(signal === undefined ? {} : { signal }),
          }),
        ),
      (seconds) => onProgress?.(offset / size, `The server has not answered for ${formatDuration(seconds)}; waiting`),
      signal,
    );
  try {
    for (let state = await ask('GET', 0); !state.complete; ) {
      const { next } = state;
      if (next >= size) {
        // It reads what it got once more before it says that all is well.
        onProgress?.(1, 'The server checks what it has received');
        await sleep(1000, signal).catch(() => undefined);
        state = await ask('GET', next);
        continue;
      }
      state = await ask('PUT', next, await readAt(file, next, Math.min(pieceBytes, size - next)));
      onProgress?.(state.next / size, `${formatBytes(state.next)} of ${formatBytes(size)} sent`);
    }
  } finally {
    client.close();
  }
}

class Busy extends Error {}

/** Tries again while nobody answers; what the server refuses is refused. */
async function persistently<T>(
  attempt: () => Promise<T>,
  onWait: (seconds: number) => void,
  signal: AbortSignal | undefined,
): Promise<T> {
  const started = monotonicMilliseconds();
  for (let pause = 1000; ; pause = Math.min(pause * 2, longestPause)) {
    try {
      return await attempt();
    } catch (error) {
      if (signal?.aborted === true) throw new BootwrightError('BW-HOST-006', 'The upload was interrupted.');
      if (error instanceof BootwrightError) throw error;
      if (error instanceof UntrustedServer) throw refused(error.message);
      const seconds = (monotonicMilliseconds() - started) / 1000;
      if (seconds > patienceSeconds)
        throw refused(`no answer for ${formatDuration(seconds)}: ${(error as Error).message}`);
      onWait(seconds);
      await sleep(pause, signal).catch(() => undefined);
    }
  }
}

async function answerOf({ status, body }: HttpsResponse): Promise<UploadState> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(Uint8Array.from(piece));
  const text = Buffer.concat(pieces).toString('utf8');
  if (status >= 500 || status === 429) throw new Busy(`the server answers ${status}`);
  const answer = parsed(text) as Partial<UploadState> & { message?: unknown; next?: unknown };
  // It lost what it had, or a piece arrived twice: it says where to go on.
  if (status === 409 && typeof answer.next === 'number') return { next: answer.next, complete: false };
  if (status !== 200) throw refused(typeof answer.message === 'string' ? answer.message : `it answers ${status}`);
  if (typeof answer.next !== 'number' || typeof answer.complete !== 'boolean') throw refused('its answer is no answer');
  return { next: answer.next, complete: answer.complete };
}

function parsed(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

function refused(reason: string): BootwrightError {
  return new BootwrightError('BW-STEP-117', `The server did not take the image: ${reason}.`);
}
