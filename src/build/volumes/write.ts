import { stat } from '../../host/files.ts';
import { layoutFileSize } from '../../model/layout.ts';
import type { Policy } from '../../model/policy.ts';
import type { Progress } from '../../model/progress.ts';
import type { CompiledContent } from '../../site/compiled-content.ts';
import { draftLayout, finishLayout, type MediumDraft, type MediumRecipe } from '../assemble.ts';
import { beginIso, type IsoJob, patchIso } from '../iso/write.ts';
import type { HashSource } from '../sources.ts';
import { type Assignment, assignVolumes } from './assign.ts';
import { volumeFile, volumeLayout, volumeList } from './layout.ts';

/** How a medium is spread over discs of a size. @throws as `assignVolumes` */
export function spread(recipe: MediumDraft, content: readonly Pick<CompiledContent, 'item' | 'files'>[], size: number) {
  const draft = draftLayout(recipe);
  const sized = draft.files.map((file) => ({ path: file.path, size: layoutFileSize(file) }));
  // What runs before the first question has to be on the disc the machine was started from.
  const { folder } = (recipe.brings() as Pick<Policy, 'prestart'>).prestart ?? {};
  const isEarly = (path: string): boolean => folder !== undefined && path.startsWith(`${folder}/`);
  const always = sized.filter(({ path }) => !path.startsWith('bootwright/content/') || isEarly(path));
  const objects = content
    .map(({ item, files }) => ({ id: item.id, files: files.filter(({ path }) => !isEarly(path)) }))
    .filter(({ files }) => files.length > 0);
  return { draft, assignment: assignVolumes(always, objects, size) };
}

interface VolumesJob {
  readonly output: string;
  readonly assignment: Assignment;
  readonly hash: HashSource;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

/**
 * Writes the volumes of a medium. All content is written and hashed first, then the first volume, which lists it, is finished,
 * then the others, which carry its id. They get their names from the last to the first: whoever finds volume 1 has
 * all of them.
 *
 * @throws as `writeIso`
 */
export async function writeVolumes(
  recipe: MediumRecipe,
  { output, assignment, ...job }: VolumesJob,
): Promise<{ readonly id: string; readonly files: readonly { readonly file: string; readonly size: number }[] }> {
  const { count, elsewhere } = assignment;
  const whole = draftLayout(recipe);
  const first: MediumRecipe = {
    ...recipe,
    kind: {
      layout: (parts) => {
        const layout = recipe.kind.layout(parts);
        return { ...layout, files: layout.files.filter(({ path }) => !elsewhere.has(path)) };
      },
    },
    parts: { ...recipe.parts, facts: { ...recipe.parts.facts, volumes: count } },
    ownFiles: (layout, known) => [...recipe.ownFiles(layout, known), volumeList(whole, assignment, known?.hashes)],
  };
  const { fingerprint } = recipe.signing.publicKey;
  const drafts = Array.from({ length: count }, (_, index) =>
    index === 0 ? draftLayout(first) : volumeLayout(whole, assignment, index + 1, fingerprint),
  );
  const jobs = drafts.map((draft, index) => ({ ...job, draft, output: volumeFile(output, index + 1) }));
  const begun: { readonly job: Omit<IsoJob, 'finish'>; readonly volume: Awaited<ReturnType<typeof beginIso>> }[] = [];
  try {
    const hashes = new Map<string, string>();
    const own: Map<string, string>[] = [];
    for (const each of jobs) {
      const volume = await beginIso(each);
      begun.push({ job: each, volume });
      const found = await volume.write();
      own.push(found);
      for (const [path, sha256] of found) hashes.set(path, sha256);
    }
    let id = '';
    for (const [index, { job: each, volume }] of begun.entries()) {
      const found = own[index] ?? new Map();
      const finish: IsoJob['finish'] = async (_, structure) => {
        const { privateKey } = recipe.signing;
        if (index > 0) {
          const known = { id, hashes, structure, privateKey };
          return volumeLayout(whole, assignment, index + 1, fingerprint, known);
        }
        // xorriso has changed one file, and the hash it has on the disc is the one that counts.
        const finished = await finishLayout(first, each.draft, new Map([...hashes, ...found]), structure);
        id = finished.id;
        return finished.layout;
      };
      await patchIso({ ...each, finish }, volume.part.path, found);
    }
    job.signal?.throwIfAborted();
    const files: { file: string; size: number }[] = [];
    for (const { job: each, volume } of begun.toReversed()) {
      const { size } = await stat(volume.part.path);
      await volume.part.finish();
      files.unshift({ file: each.output, size });
    }
    return { id, files };
  } catch (error) {
    let reason: unknown = error;
    for (const { volume } of begun) reason = await volume.part.fail(error, job.signal);
    throw reason;
  }
}
