import type { Problem } from '../model/error.ts';
import { dependenciesOf, findItem } from '../model/policy.ts';
import { didYouMean } from '../sequence/did-you-mean.ts';
import type { CompiledContent } from './compiled-content.ts';
import type { ContentWish } from './content-wishes.ts';
import { placeOf } from './resolve.ts';
import type { ResolvedStep } from './site.ts';

/** Without what somebody wants left out; what the run needs cannot be. */
export function withoutExcluded(
  content: readonly CompiledContent[],
  wishes: readonly ContentWish[],
  exclude: readonly string[],
  problems: Problem[],
): CompiledContent[] {
  if (exclude.length === 0) return [...content];
  const items = content.map(({ item }) => item);
  const needed = new Map<string, string>();
  const need = (text: string, because: string): void => {
    const item = findItem(items, text);
    if (item === undefined || needed.has(item.id)) return;
    needed.set(item.id, because);
    for (const id of dependenciesOf(item)) need(id, `${item.id}, for ${because}`);
  };
  for (const { id, because, strength } of wishes) if (strength === 'step') need(id, because);
  const left = new Set<string>();
  for (const id of exclude) {
    const item = findItem(items, id);
    const because = item === undefined ? undefined : needed.get(item.id);
    const problem = (code: 'BW-MEDIA-180' | 'BW-MEDIA-181', message: string, fix: string): void => {
      problems.push({ severity: 'error', file: '--exclude', code, message, fix });
    };
    if (item === undefined) {
      const known = items.map((each) => each.id);
      const fix = didYouMean(id, known, `On the medium: ${known.join(', ') || 'nothing'}.`);
      problem('BW-MEDIA-181', `${id} would not be on the medium anyway.`, fix);
    } else if (because !== undefined)
      problem(
        'BW-MEDIA-180',
        `${item.id} cannot be left out: it is needed by ${because}.`,
        'Disable that step, or leave out --exclude.',
      );
    else left.add(item.id);
  }
  return content.filter(({ item }) => !left.has(item.id));
}

/** Steps that read their content from variables, where a medium without a network holds none of that kind. */
export function emptyLists(steps: readonly ResolvedStep[], content: readonly CompiledContent[]): Problem[] {
  return steps.flatMap(({ step, type, settings, active }): Problem[] => {
    const listed = active && settings !== undefined ? type?.needs?.(settings).listed : undefined;
    if (listed === undefined || content.some(({ item }) => item.kind === listed.kind)) return [];
    return [
      {
        ...{ severity: 'error', code: 'BW-MEDIA-182', ...placeOf(step) },
        message: `The step "${step.name}" reads ${listed.kind}s from the variables ${listed.baseVariable}…, and the medium would hold none.`,
        fix: `Give --${listed.kind} ID for each that may be named, or list them under "choices" of the step.`,
      },
    ];
  });
}
