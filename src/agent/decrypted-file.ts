import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { type ContentKey, contentKeyFrom, contentKeySecret, plainTag } from '../content/content-key.ts';
import { hashFile, mkdir, open, rename, rm } from '../host/files.ts';
import { BootwrightError } from '../model/error.ts';
import type { ContentItem, Policy } from '../model/policy.ts';
import { decryptAgeStream } from '../trust/age-stream.ts';

/** The key of an item, when it is confidential. @throws BW-AGENT-046 */
export function keyOf(policy: Pick<Policy, 'secrets'>, { id, confidential }: ContentItem): ContentKey | undefined {
  if (confidential === undefined) return undefined;
  const secret = policy.secrets[contentKeySecret];
  const key = secret === undefined ? undefined : contentKeyFrom(secret);
  if (key?.recipient === confidential.recipient) return key;
  const why = key === undefined ? 'the policy does not bring its key' : 'it is encrypted to another key';
  throw new BootwrightError('BW-AGENT-046', `${id} is confidential, and ${why}.`);
}

export interface DecryptedFile {
  readonly key: ContentKey;
  readonly path: string;
  readonly mode: number;
  /** What the plain bytes have to be, where that is known. */
  readonly plainTag?: string;
}

/**
 * Decrypts while the ciphertext comes. The file appears under its name when all of it was authentic; until then, and
 * beside it, nothing decrypted is left.
 *
 * @throws BW-TRUST-015 damaged or cut off, BW-AGENT-046 other bytes than were stored, and what the pieces throw
 */
export async function writeDecrypted(
  ciphertext: AsyncIterable<Uint8Array>,
  { key, path, mode, plainTag: expected }: DecryptedFile,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const part = `${path}.part`;
  await rm(part, { force: true });
  const file = await open(part, 'wx', mode);
  const plain = createHash('sha256');
  try {
    for await (const piece of decryptAgeStream(ciphertext, [key.identity])) {
      plain.update(piece);
      for (let done = 0; done < piece.length; ) done += (await file.write(piece, done)).bytesWritten;
    }
    if (expected !== undefined && plainTag(key, plain.digest('hex')) !== expected)
      throw new BootwrightError('BW-AGENT-046', `${path} decrypts to other bytes than were stored.`);
    await file.sync();
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

/** Whether an earlier start of this machine has decrypted the file already; one with other bytes is removed. */
export async function hasDecrypted({ key, path, plainTag: expected }: DecryptedFile): Promise<boolean> {
  const plain = await hashFile(path).catch(() => undefined);
  if (plain === undefined) return false;
  if (expected !== undefined && plainTag(key, plain) === expected) return true;
  await rm(path, { force: true });
  return false;
}
