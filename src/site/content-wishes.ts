import type { ContentKind } from '../model/content.ts';
import type { Place } from '../model/error.ts';
import type { SequenceVariable } from '../model/sequence.ts';
import type { ContentNeed, ListedContent } from '../model/step.ts';
import { packageAndProgram } from '../steps/software/listed.ts';
import { placeOf } from './resolve.ts';
import type { ResolvedStep } from './site.ts';

/** Content beside what the sequence needs, and what is to be left out of it. */
export interface ExtraContent {
  readonly applications?: readonly string[];
  readonly packages?: readonly string[];
  readonly driverPackages?: readonly string[];
  /** What added applications depend on comes along. Default: yes. */
  readonly detectDependencies?: boolean;
  /** Content of steps that are switched off. */
  readonly includeDisabled?: boolean;
  readonly exclude?: readonly string[];
}

/** One reason for content to come along. */
export interface ContentWish extends ContentNeed {
  /** `step "Install tools"`, `--application` */
  readonly because: string;
  readonly place: Place;
  /** Of the step that wants it. */
  readonly step?: string;
  /** `step`: the run needs it. `list`: a variable names it now, another value may come. `extra`: somebody added it. */
  readonly strength: 'step' | 'list' | 'extra';
  readonly withDependencies: boolean;
}

/** Everything that asks for content, in order: steps, their lists, then what was added. Pure. */
export function contentWishes(
  steps: readonly ResolvedStep[],
  variables: readonly SequenceVariable[],
  extra: ExtraContent = {},
): ContentWish[] {
  const wishes: ContentWish[] = [];
  for (const resolved of steps) {
    const { step, type, settings, active } = resolved;
    if (settings === undefined || (!active && extra.includeDisabled !== true)) continue;
    const needs = type?.needs?.(settings);
    const common = {
      because: `${active ? '' : 'disabled '}step "${step.name}"`,
      ...{ place: placeOf(step), step: step.name, withDependencies: true },
    };
    const strength = active ? 'step' : 'extra';
    for (const need of needs?.content ?? []) wishes.push({ ...need, ...common, strength });
    if (needs?.listed !== undefined && active)
      for (const need of listedNow(needs.listed, variables, steps))
        wishes.push({ ...need, ...common, strength: 'list' });
  }
  return [...wishes, ...extraWishes(extra)];
}

/** What the variables of a list are set to, as far as that is written down. */
function listedNow(
  { kind, baseVariable, digits }: ListedContent,
  variables: readonly SequenceVariable[],
  steps: readonly ResolvedStep[],
): ContentNeed[] {
  const pattern = new RegExp(`^${baseVariable.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}\\d{${digits},}$`, 'i');
  const set = steps.flatMap(({ step, active, type }) =>
    active && type?.name === 'set-task-sequence-variable'
      ? [{ name: String(step.settings['variable']), value: step.settings['value'] }]
      : [],
  );
  return [...variables, ...set].flatMap(({ name, value }): ContentNeed[] => {
    if (!pattern.test(name) || typeof value !== 'string' || value.trim() === '' || value.includes('%')) return [];
    if (kind === 'application') return [{ id: value.trim(), kinds: [kind] }];
    const named = packageAndProgram(value.trim());
    return named === undefined ? [] : [{ id: named.id, program: named.program, kinds: [kind] }];
  });
}

function extraWishes(extra: ExtraContent): ContentWish[] {
  const lists: readonly (readonly [flag: string, ids: readonly string[], kind: ContentKind])[] = [
    ['--application', extra.applications ?? [], 'application'],
    ['--package', extra.packages ?? [], 'package'],
    ['--driver-package', extra.driverPackages ?? [], 'driver-package'],
  ];
  return lists.flatMap(([flag, ids, kind]) =>
    ids.map((id) => ({
      ...{ id, kinds: [kind], because: flag, place: { file: flag }, strength: 'extra' as const },
      withDependencies: extra.detectDependencies !== false,
    })),
  );
}
