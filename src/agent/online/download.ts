import { createHash, type Hash } from 'node:crypto';
import { dirname } from 'node:path';
import { mkdir, open, readStream, rename, rm, sizeOf } from '../../host/files.ts';
import { BootwrightError } from '../../model/error.ts';
import { type DecryptedFile, writeDecrypted } from '../decrypted-file.ts';
import { StartAnew, Transfer, type TransferOptions } from './transfer.ts';

export interface Download extends TransferOptions {
  /** Appears when it is whole and its hash is right; until then `<path>.part` grows. */
  readonly path: string;
  readonly mode: number;
  readonly onBytes: (bytes: number) => void;
}

/**
 * Fetches content by its hash. Goes on where it stopped, also where an earlier start of the machine stopped.
 *
 * @throws BW-AGENT-040 when no server has it, or none has the right bytes
 */
export async function download(request: Download): Promise<void> {
  const { path, mode, onBytes } = request;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const transfer = new Transfer(request);
  const part = `${path}.part`;
  await again(request, transfer, async () => {
    const file = await open(part, 'a+', mode);
    let size = 0;
    try {
      const begun = await hashOf(part);
      size = begun.size;
      onBytes(size);
      for await (const piece of transfer.pieces(begun)) {
        for (let done = 0; done < piece.length; ) done += (await file.write(piece, done)).bytesWritten;
        size += piece.length;
        onBytes(piece.length);
      }
      await file.sync();
    } catch (error) {
      onBytes(-size);
      if (error instanceof StartAnew) await file.truncate(0);
      throw error;
    } finally {
      await file.close();
    }
  });
  await rename(part, path);
}

/**
 * Fetches confidential content and decrypts it on the way: its ciphertext is never stored, so this begins anew when the
 * machine was restarted in the middle.
 *
 * @throws BW-AGENT-040, BW-AGENT-046
 */
export async function downloadDecrypted(request: Download, plain: Omit<DecryptedFile, 'path' | 'mode'>): Promise<void> {
  const transfer = new Transfer(request);
  await again(request, transfer, async () => {
    let size = 0;
    const counted = async function* (): AsyncGenerator<Uint8Array> {
      for await (const piece of transfer.pieces()) {
        yield piece;
        size += piece.length;
        request.onBytes(piece.length);
      }
    };
    try {
      await writeDecrypted(counted(), { ...plain, path: request.path, mode: request.mode });
    } catch (error) {
      request.onBytes(-size);
      // Wrong bytes show before their hash can.
      const isDamage = error instanceof BootwrightError && /^BW-TRUST-01[56]$/.test(error.code);
      throw isDamage ? new StartAnew(error.message) : error;
    }
  });
}

/** Small content in memory, e.g. the list of a package's files. @throws BW-AGENT-040 */
export async function downloadBytes(request: TransferOptions, mostBytes: number): Promise<Uint8Array> {
  const transfer = new Transfer(request);
  let bytes: Uint8Array = new Uint8Array(0);
  await again(request, transfer, async () => {
    const pieces: Uint8Array[] = [];
    let size = 0;
    for await (const piece of transfer.pieces()) {
      size += piece.length;
      if (size > mostBytes) throw new StartAnew(`it has more than ${mostBytes} bytes`);
      pieces.push(piece);
    }
    bytes = Buffer.concat(pieces);
  });
  return bytes;
}

async function again(
  { sha256, warn }: Pick<TransferOptions, 'sha256' | 'warn'>,
  transfer: Transfer,
  attempt: () => Promise<void>,
): Promise<void> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof StartAnew)) throw error;
      if (error.wrong) transfer.blame();
      warn(`Content ${sha256.slice(0, 12)}… is fetched anew: ${error.message}.`);
    }
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
