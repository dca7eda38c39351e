import { now } from '../../host/clock.ts';
import { type HttpOptions, headOf, put } from '../../host/http-upload.ts';
import type { ContentObject } from '../../model/content.ts';
import { BootwrightError } from '../../model/error.ts';
import { readChecked } from './checked.ts';
import type { DistributeOptions, Distribution } from './distribute.ts';
import { blobsOf, distributionIndex, type SigningKey, signIndex } from './signed-index.ts';

/**
 * Stores a distributed folder on a web server by HEAD and PUT (WebDAV, nginx with `dav_methods PUT`, object stores); the
 * signed index comes last. What is there in the right size is not sent again.
 *
 * @throws BW-CONTENT-031, BW-CONTENT-044 the server does not take it, BW-HOST-006
 */
export async function uploadContent(
  library: string,
  objects: readonly ContentObject[],
  address: string,
  key: SigningKey,
  { signal, onTotal, onBytes, headers }: DistributeOptions & Pick<HttpOptions, 'headers'> = {},
): Promise<Distribution> {
  const base = new URL(address.endsWith('/') ? address : `${address}/`);
  const http = { ...(signal === undefined ? {} : { signal }), ...(headers === undefined ? {} : { headers }) };
  const send = async (path: string, pieces: AsyncIterable<Uint8Array>, size: number): Promise<void> => {
    const url = new URL(path, base);
    const { status } = await put(url, pieces, size, http);
    if (status >= 200 && status < 300) return;
    throw new BootwrightError('BW-CONTENT-044', `${base.href} refused ${path} with status ${status}.`);
  };
  const blobs = blobsOf(objects);
  onTotal?.(blobs.reduce((sum, { size }) => sum + size, 0));
  let copied = 0;
  let copiedBytes = 0;
  for (const blob of blobs) {
    const path = `sha256/${blob.sha256.slice(0, 2)}/${blob.sha256.slice(2)}`;
    const there = await headOf(new URL(path, base), http);
    if (there.status !== 200 || there.length !== blob.size) {
      await send(path, readChecked(library, blob, signal === undefined ? {} : { signal }), blob.size);
      copied += 1;
      copiedBytes += blob.size;
    }
    onBytes?.(blob.size);
  }
  const { bytes, signature } = signIndex(distributionIndex(objects, now().toISOString(), key.publicKey), key);
  await send('index.sig', oneOf(signature), signature.length);
  await send('index.json', oneOf(bytes), bytes.length);
  return { folder: base.href, copied, copiedBytes, kept: blobs.length - copied, removed: 0 };
}

async function* oneOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
