import { blobPath } from '../content/library/blobs.ts';
import { readObject } from '../content/library/objects.ts';
import { type ContentReference, formatReference } from '../model/content.ts';
import { BootwrightError } from '../model/error.ts';
import type { ContentItem } from '../model/policy.ts';
import type { CompiledContent } from './compiled-content.ts';

/**
 * A version that a sequence pins (`tools@3`), out of the content library. Its ID on the medium is the whole reference, so
 * the newest version may come along too.
 *
 * @throws BW-CONTENT-032 not in the library, BW-CONTENT-030, BW-CONTENT-043 confidential
 */
export async function pinnedContent(library: string, reference: ContentReference): Promise<CompiledContent> {
  const object = await readObject(library, reference);
  const id = formatReference(object);
  if (object.recipient !== undefined || object.kind === 'script') {
    const why = object.kind === 'script' ? 'it is a script' : 'it is kept as ciphertext, and a medium seals by itself';
    throw new BootwrightError('BW-CONTENT-043', `${id} cannot go on a medium: ${why}.`);
  }
  const isImage = object.kind === 'os-image';
  const root = `bootwright/content/${id}`;
  const files = object.files.map(({ path, size, sha256 }) => ({
    path: `${root}/${path}`,
    source: blobPath(library, sha256),
    size,
    sha256,
  }));
  const images = isImage ? (object.definition as { images?: ContentItem['images'] } | undefined)?.images : undefined;
  return {
    item: {
      ...{ id, kind: object.kind, name: object.name, size: object.size, sha256: '0'.repeat(64) },
      file: isImage ? (files[0]?.path ?? root) : root,
      ...(images === undefined ? {} : { images }),
    },
    source: library,
    files,
  };
}
