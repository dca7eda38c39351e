import type { MediumDraft } from '../assemble.ts';
import { estimateIsoSize } from '../iso/write.ts';
import type { PlannedVolume } from '../order/plan.ts';
import type { MediumRequest } from '../order/request.ts';
import { checkOutput } from '../output.ts';
import { volumeFile, volumeName } from './layout.ts';
import { spread } from './write.ts';

/**
 * The discs a medium would take; undefined when one holds all of it.
 *
 * @throws as `assignVolumes`; BW-HOST-005 one of the files exists
 */
export async function planVolumes(
  { output, force }: Pick<MediumRequest, 'output' | 'force'>,
  recipe: MediumDraft,
  size: number,
): Promise<PlannedVolume[] | undefined> {
  const { draft, assignment } = spread(recipe, recipe.content, size);
  const { count, elsewhere } = assignment;
  if (count === 1) return undefined;
  const volumes: PlannedVolume[] = [];
  for (let number = 1; number <= count; number += 1) {
    const file = volumeFile(output, number);
    await checkOutput(file, force ?? false);
    const files = draft.files.filter(({ path }) => (elsewhere.get(path) ?? 1) === number);
    const label = number === 1 ? draft.label : volumeName(draft.label, number);
    const content = recipe.content.filter((entry) =>
      entry.files.some(({ path }) => files.some((f) => f.path === path)),
    );
    volumes.push({
      ...{ file, label, size: estimateIsoSize({ ...draft, files }) },
      content: content.map(({ item }) => item.id),
    });
  }
  return volumes;
}
