import { createHash } from 'node:crypto';
import { open, readStream } from '../host/files.ts';
import { randomBytes } from '../host/random.ts';
import { BootwrightError } from '../model/error.ts';
import type { Encryption, Layout, SourceFile } from '../model/layout.ts';
import type { ContentFile } from '../model/media-kind.ts';
import { contentKeySecret, encryptedSuffix } from '../model/policy.ts';
import type { Progress } from '../model/progress.ts';
import { ageLength } from '../trust/age.ts';
import { encryptAgeStream } from '../trust/age-stream.ts';
import { formatPrivateKey, type PrivateKey, rawPublicKeyOf } from '../trust/private-key.ts';
import type { Hashes } from './hashes.ts';

type EncryptedFile = SourceFile & { readonly path: string; readonly encryption: Encryption };

/** What of a medium in the making has to do with its content. */
interface Encryptable {
  readonly parts: { readonly content: readonly ContentFile[] };
  readonly brings: (hashes?: Hashes) => object;
}

/** A key for the content of one medium. */
export function newContentKey(): PrivateKey {
  return { purpose: 'sealing', seed: randomBytes(32) };
}

/** The medium with its content encrypted for a key that lies among the policy's secrets. Lengths are the same for every key. */
export function withEncryptedContent<Draft extends Encryptable>(draft: Draft, key: PrivateKey): Draft {
  const recipient = rawPublicKeyOf(key);
  const content = draft.parts.content.map(({ path, source, size }) => ({
    path: `${path}${encryptedSuffix}`,
    source,
    size: ageLength(size, 1),
    encryption: { recipient, plainSize: size, plainPath: path },
  }));
  return {
    ...draft,
    parts: { ...draft.parts, content },
    brings: (hashes?: Hashes) => withContentKey(draft.brings(hashes), identityOf(key)),
  };
}

/** What equal media have in common: not the key, which is new every time. */
export function withoutContentKey(brought: object): object {
  return contentKeySecret in secretsOf(brought) ? withContentKey(brought, '') : brought;
}

function withContentKey(brought: object, identity: string): object {
  return { ...brought, secrets: { ...secretsOf(brought), [contentKeySecret]: identity } };
}

function secretsOf(brought: object): Readonly<Record<string, string>> {
  return (brought as { secrets?: Readonly<Record<string, string>> }).secrets ?? {};
}

/** `AGE-SECRET-KEY-1…`, what age calls an identity. */
function identityOf(key: PrivateKey): string {
  return formatPrivateKey(key).trim().split('\n').at(-1) ?? '';
}

/** A source as it lies on the medium: every writer has to write this, not the file itself. */
export function storedContent({ source, encryption }: SourceFile): AsyncIterable<Uint8Array> {
  const plain = readStream(source);
  return encryption === undefined ? plain : encryptAgeStream(plain, [encryption.recipient]);
}

type FileHandle = Awaited<ReturnType<typeof open>>;

/** Where an image has room for a file. */
interface Place {
  readonly size: number;
  readonly extents: readonly { readonly offset: number; readonly size: number }[];
}

/**
 * Writes encrypted files into the places an image has for them, and adds their hashes: what stands in the manifest is
 * what lies on the medium.
 *
 * @throws BW-MEDIA-007 the image has no such place, BW-CONTENT-007 a source has another length now
 */
export async function writeEncrypted(
  layout: Layout,
  image: string,
  findPlaces: (image: FileHandle) => Promise<(path: string) => Place | undefined>,
  hashes: Map<string, string>,
  progress: Progress,
  signal?: AbortSignal,
): Promise<void> {
  const files = layout.files.filter((file): file is EncryptedFile => 'source' in file && file.encryption !== undefined);
  if (files.length === 0) return;
  const handle = await open(image, 'r+');
  try {
    const placeOf = await findPlaces(handle);
    progress.phase('encrypting', { bytes: files.reduce((sum, { size }) => sum + size, 0) });
    let written = 0;
    for (const { path, source, size, encryption } of files) {
      const place = placeOf(path);
      if (place?.size !== size)
        throw new BootwrightError('BW-MEDIA-007', `The written image has no place of ${size} bytes for ${path}.`);
      const hash = createHash('sha256');
      const targets = place.extents.map(({ offset, size: room }) => ({ offset, room }));
      let target = targets.shift();
      for await (const piece of storedContent({ source, size, encryption })) {
        signal?.throwIfAborted();
        const writes: Promise<unknown>[] = [];
        for (let taken = 0; taken < piece.length; ) {
          if (target === undefined) throw changed(source);
          const count = Math.min(target.room, piece.length - taken);
          writes.push(handle.write(piece, taken, count, target.offset));
          taken += count;
          target = count < target.room ? { offset: target.offset + count, room: target.room - count } : targets.shift();
        }
        // Another thread writes meanwhile.
        hash.update(piece);
        await Promise.all(writes);
        written += piece.length;
        progress.advance(written, path);
      }
      if (target !== undefined) throw changed(source);
      hashes.set(path, hash.digest('hex'));
    }
  } finally {
    await handle.close();
  }
}

function changed(source: string): BootwrightError {
  return new BootwrightError('BW-CONTENT-007', `${source} changed while the medium was made: nothing was written.`);
}
