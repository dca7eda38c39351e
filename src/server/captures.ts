import { join } from 'node:path';
import { readWim } from '../content/wim.ts';
import { sleep } from '../host/clock.ts';
import {
  exists,
  freeBytes,
  hashFile,
  link,
  mkdir,
  open,
  readText,
  rm,
  stat,
  syncFolder,
  writeAtomically,
} from '../host/files.ts';
import { BootwrightError } from '../model/error.ts';
import type { UploadState } from '../model/protocol.ts';
import { UploadGap } from './upload-gap.ts';

/** What a machine announces with every piece it sends. */
export interface Upload {
  /** ID of the image, checked. */
  readonly id: string;
  readonly size: number;
  /** Hex, of the whole. */
  readonly sha256: string;
}

/** Time an answer may take; who asks again is told how far it has come. */
const longestWait = 15_000;
/** Left free for everything else that writes to that disk. */
const reserve = 1 * 2 ** 30;

/**
 * Images that machines send: what has come lies below `.bootwright/captures`, and becomes `images/<ID>.wim` when all of it
 * is there, has the hash that was announced and is a WIM. What stands under a name is never replaced.
 */
export class CaptureInbox {
  readonly #folder: string;
  readonly #images: string;
  /** One after the other for each file: a piece that was sent twice must not be written twice. */
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #finishing = new Map<string, Promise<void>>();
  readonly #received: (id: string, size: number) => void;

  constructor(siteFolder: string, received: (id: string, size: number) => void) {
    this.#folder = join(siteFolder, '.bootwright', 'captures');
    this.#images = join(siteFolder, 'images');
    this.#received = received;
  }

  /** How far it has come. @throws BW-SERVER-111, BW-SERVER-112 */
  async state(upload: Upload): Promise<UploadState> {
    if (await this.#isReceived(upload)) return { next: upload.size, complete: true };
    await this.#refuseTaken(upload);
    const next = await lengthOf(this.#part(upload));
    return next === upload.size ? this.#finish(upload) : { next, complete: false };
  }

  /** Adds a piece. @throws UploadGap, BW-SERVER-013, BW-SERVER-111, BW-SERVER-112 */
  append(upload: Upload, offset: number, bytes: Uint8Array): Promise<UploadState> {
    const part = this.#part(upload);
    const before = this.#turns.get(part) ?? Promise.resolve();
    const turn = before.catch(() => undefined).then(() => this.#append(upload, part, offset, bytes));
    this.#turns.set(part, turn);
    return turn;
  }

  async #append(upload: Upload, part: string, offset: number, bytes: Uint8Array): Promise<UploadState> {
    const { next, complete } = await this.state(upload);
    if (complete || next === upload.size) return { next, complete };
    if (offset > next) throw new UploadGap(next);
    const fresh = bytes.subarray(next - offset);
    if (next + fresh.length > upload.size)
      throw new BootwrightError('BW-SERVER-013', `More was sent than the ${upload.size} bytes that were announced.`);
    if (fresh.length === 0) return { next, complete };
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    if ((await freeBytes(this.#folder)) - reserve < upload.size - next)
      throw new BootwrightError('BW-SERVER-113', `There is no room here for an image of ${upload.size} bytes.`);
    const file = await open(part, 'a', 0o600);
    try {
      await file.writeFile(fresh);
      // What was acknowledged is not sent again.
      await file.datasync();
    } finally {
      await file.close();
    }
    const reached = next + fresh.length;
    return reached === upload.size ? this.#finish(upload) : { next: reached, complete: false };
  }

  /** Waits for the end only as long as a client waits for an answer. */
  async #finish(upload: Upload): Promise<UploadState> {
    const part = this.#part(upload);
    const finishing =
      this.#finishing.get(part) ?? this.#publish(upload, part).finally(() => this.#finishing.delete(part));
    this.#finishing.set(part, finishing);
    // Said to whoever asks next, if nobody waits any more.
    finishing.catch(() => undefined);
    const done = await Promise.race([finishing.then(() => true), sleep(longestWait).then(() => false)]);
    return { next: upload.size, complete: done };
  }

  async #publish(upload: Upload, part: string): Promise<void> {
    const { id, size, sha256 } = upload;
    try {
      if ((await hashFile(part)) !== sha256) throw new Error('its SHA-256 is not the one that was announced');
      await readWim(part);
    } catch (cause) {
      await rm(part, { force: true });
      throw new BootwrightError('BW-SERVER-112', `${id}.wim did not arrive whole: ${(cause as Error).message}.`, {
        cause,
      });
    }
    await mkdir(this.#images, { recursive: true });
    // A second name and not a new one: it fails where a rename would replace.
    await link(part, join(this.#images, `${id}.wim`)).catch((cause: { code?: string }) => {
      if (cause.code === 'EEXIST') throw taken(id);
      throw cause;
    });
    await syncFolder(this.#images);
    await writeAtomically(this.#record(id), JSON.stringify({ size, sha256 }), 0o600);
    await rm(part, { force: true });
    this.#received(id, size);
  }

  async #isReceived({ id, size, sha256 }: Upload): Promise<boolean> {
    if (!(await exists(join(this.#images, `${id}.wim`)))) return false;
    const text = await readText(this.#record(id)).catch(() => '{}');
    const known = JSON.parse(text) as Partial<Upload>;
    return known.size === size && known.sha256 === sha256;
  }

  async #refuseTaken({ id }: Upload): Promise<void> {
    for (const extension of ['wim', 'yaml', 'yml'])
      if (await exists(join(this.#images, `${id}.${extension}`))) throw taken(id);
  }

  #part({ id, sha256 }: Upload): string {
    return join(this.#folder, `${id}.${sha256.slice(0, 16)}.part`);
  }

  #record(id: string): string {
    return join(this.#folder, `${id}.json`);
  }
}

function taken(id: string): BootwrightError {
  return new BootwrightError('BW-SERVER-111', `The site has an image ${id} already. It was left as it is.`);
}

async function lengthOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}
