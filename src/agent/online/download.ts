import { createHash, type Hash } from 'node:crypto';
import { dirname } from 'node:path';
import { mkdir, open, readStream, rename, rm, sizeOf } from '../../host/files.ts';
import type { HttpsResponse } from '../../host/https-client.ts';
import { BootwrightError } from '../../model/error.ts';
import type { AgentClock } from '../context.ts';
import type { Servers } from './servers.ts';

/** Opens content at the server; renewed when it has expired. */
export interface ContentToken {
  current(): Promise<string>;
  renew(): Promise<void>;
}

export interface Download {
  readonly servers: Servers;
  readonly token: ContentToken;
  readonly clock: AgentClock;
  readonly sha256: string;
  /** Appears when it is whole and its hash is right; until then `<path>.part` grows. */
  readonly path: string;
  readonly mode: number;
  readonly onBytes: (bytes: number) => void;
  readonly warn: (text: string) => void;
}

type FileHandle = Awaited<ReturnType<typeof open>>;

/** How long nothing at all may come before it is given up; a server that is restarted takes a minute. */
const patience = 10 * 60_000;
const pause = 3000;
const silence = 30_000;

/**
 * Fetches content by its hash. Goes on where it stopped, from the next server when one fails.
 *
 * @throws BW-AGENT-040 when no server has it, or none has the right bytes
 */
export async function download(request: Download): Promise<void> {
  const { path, servers, clock, sha256, warn } = request;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(`${path}.part`, 'a+', request.mode);
  try {
    const part = new Part(file, await hashOf(`${path}.part`), request.onBytes);
    let lastProgress = clock.now().getTime();
    for (let wrong = 0; ; ) {
      const origin = servers.origins[0] ?? '';
      const before = part.size;
      try {
        if ((await fetchRest(request, origin, part)) === sha256) break;
        wrong += 1;
        await part.reset();
        throw new Error('what it sent has another hash');
      } catch (error) {
        const { message } = error as Error;
        warn(`${origin}: content ${sha256.slice(0, 12)}…: ${message} (${part.size} bytes so far)`);
        servers.giveUp(origin);
        const time = clock.now().getTime();
        if (part.size > before) lastProgress = time;
        if (error instanceof Refused || wrong > servers.origins.length || time - lastProgress > patience)
          throw new BootwrightError('BW-AGENT-040', `The content ${sha256} could not be fetched: ${message}.`);
        await clock.sleep(pause);
      }
    }
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.part`, path);
}

/** Another server will say the same. */
class Refused extends Error {}

/** Fetches what is missing; the hash of all of it. */
async function fetchRest({ servers, token, sha256 }: Download, origin: string, part: Part): Promise<string> {
  const ask = async (): Promise<HttpsResponse> => {
    const range: Record<string, string> =
      part.size === 0 ? {} : { range: `bytes=${part.size}-`, 'if-range': `"${sha256}"` };
    const headers = { authorization: `Bearer ${await token.current()}`, ...range };
    const path = `/v1/content/${sha256}`;
    return servers.send(origin, { method: 'GET', path, headers, silenceMilliseconds: silence });
  };
  let response = await ask();
  if (response.status === 401) {
    await discard(response);
    await token.renew();
    response = await ask();
  }
  const { status, headers, body } = response;
  if (status === 200) await part.reset();
  else if (status === 206) {
    if (!headers['content-range']?.startsWith(`bytes ${part.size}-`)) {
      await discard(response);
      throw new Error('it sent another range than the one asked for');
    }
  } else {
    await discard(response);
    // Everything is here already, or more than there is: only the hash can tell.
    if (status === 416 && part.size > 0) return part.digest();
    if (status === 401 || status === 403) throw new Refused(`the server does not give it to this machine (${status})`);
    throw new Error(`status ${status}`);
  }
  for await (const piece of body) await part.append(piece);
  return part.digest();
}

async function discard({ body }: HttpsResponse): Promise<void> {
  let size = 0;
  for await (const piece of body) {
    size += piece.length;
    if (size > 65_536) break;
  }
}

/** What has come so far, hashed as it comes. */
class Part {
  readonly #file: FileHandle;
  readonly #onBytes: (bytes: number) => void;
  #hash: Hash;
  size: number;

  constructor(file: FileHandle, known: { readonly hash: Hash; readonly size: number }, onBytes: (n: number) => void) {
    this.#file = file;
    this.#hash = known.hash;
    this.size = known.size;
    this.#onBytes = onBytes;
    onBytes(known.size);
  }

  async append(piece: Uint8Array): Promise<void> {
    for (let done = 0; done < piece.length; ) done += (await this.#file.write(piece, done)).bytesWritten;
    this.#hash.update(piece);
    this.size += piece.length;
    this.#onBytes(piece.length);
  }

  async reset(): Promise<void> {
    if (this.size === 0) return;
    await this.#file.truncate(0);
    this.#onBytes(-this.size);
    this.#hash = createHash('sha256');
    this.size = 0;
  }

  digest(): string {
    return this.#hash.copy().digest('hex');
  }
}

async function hashOf(path: string): Promise<{ readonly hash: Hash; readonly size: number }> {
  const hash = createHash('sha256');
  const size = await sizeOf(path);
  if (size > 0) for await (const piece of readStream(path)) hash.update(piece);
  return { hash, size };
}

/** Whether a file lies there with these bytes; one with others is removed. */
export async function hasContent(path: string, sha256: string): Promise<boolean> {
  const known = await hashOf(path).catch(() => undefined);
  if (known === undefined) return false;
  if (known.hash.digest('hex') === sha256) return true;
  await rm(path, { force: true });
  return false;
}
