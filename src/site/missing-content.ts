import { blobSize } from '../content/library/blobs.ts';
import { compilePolicy } from './compile.ts';
import type { MissingContent } from './compile-content.ts';
import type { Site } from './site.ts';

/** What steps of a sequence want that is not there, or not whole: a run would not be allowed to start. */
export async function missingFor(site: Site, sequenceId: string): Promise<readonly MissingContent[]> {
  const secrets = Object.fromEntries(site.secrets.map((name) => [name, '']));
  const request = { site, sequenceId, mediaKind: 'bootable' as const, secrets, allowMissing: true };
  const { compiled } = await compilePolicy(request);
  const missing: MissingContent[] = [...(compiled?.missing ?? [])];
  for (const { item, files } of compiled?.content ?? []) {
    if (item.version === undefined) continue;
    let absent = 0;
    for (const { sha256 = '', size } of files) if ((await blobSize(site.content.library, sha256)) !== size) absent += 1;
    if (absent === 0) continue;
    const message = `${absent} of ${files.length} files of ${item.id} are missing or cut off.`;
    const steps = compiled?.wantedBy.get(item.id.toLowerCase()) ?? [item.id];
    missing.push(...steps.map((step) => ({ id: item.id, step, message })));
  }
  return missing;
}
