import type { Disk } from '../model/machine.ts';
import { type ContentItem, dependenciesOf, findItem, type Policy } from '../model/policy.ts';
import type { Environment, TaskSequence } from '../model/sequence.ts';
import type { StepNeeds, StepType } from '../model/step.ts';
import { stepTypes as allStepTypes } from '../steps/index.ts';
import { evaluateCondition } from './condition.ts';
import { fillVariables, type InitialVariables } from './initial-variables.ts';
import { prepareSettings } from './settings.ts';
import { flatten, type TableEntry } from './table.ts';
import { VariableEnvironment } from './variables.ts';

export interface PlannedStep {
  readonly name: string;
  readonly path: string;
  /** Canonical type. */
  readonly type: string;
  /** One sentence about what it will do. */
  readonly description: string;
  readonly destructive: boolean;
  readonly environments: readonly Environment[];
  readonly needs: StepNeeds;
}

export interface SequencePlan {
  readonly steps: readonly PlannedStep[];
  /** What progress counts to. */
  readonly total: number;
}

/** Every step that may run (disabled ones left out, conditions not evaluated), for screens and `--dry-run`. */
export function planSequence(sequence: TaskSequence, stepTypes: readonly StepType[] = allStepTypes): SequencePlan {
  const table = flatten(sequence.items);
  const disabled = new Set<number>();
  const steps = table.entries.flatMap((entry, position): PlannedStep[] => {
    if (entry.kind === 'end') return [];
    if (entry.item.disabled || disabled.has(entry.parent)) disabled.add(position);
    if (entry.kind === 'group' || disabled.has(position)) return [];
    const { item, path } = entry;
    const type = stepTypes.find((candidate) => candidate.type.toLowerCase() === item.type.toLowerCase());
    const parsed = type?.settings.safeParse(item.settings);
    const isKnown = type !== undefined && parsed?.success === true;
    return [
      {
        name: item.name,
        path,
        type: item.type,
        description: isKnown ? type.describe(parsed.data) : `is of type ${item.type}`,
        destructive: type?.destructive ?? false,
        environments: type?.environments.filter((name) => item.environments.includes(name)) ?? item.environments,
        needs: isKnown ? (type.needs?.(parsed.data) ?? {}) : {},
      },
    ];
  });
  return { steps, total: table.total };
}

/**
 * The content that steps of one environment may want, each item once: what they name, everything of the kind their lists
 * are made of, and what applications depend on. What the policy does not hold is left out.
 */
export function contentNeeds(
  { sequence, content }: Pick<Policy, 'sequence' | 'content'>,
  environment: Environment,
  stepTypes = allStepTypes,
): ContentItem[] {
  const wanted = new Set<ContentItem>();
  const add = (item: ContentItem | undefined): void => {
    if (item === undefined || wanted.has(item)) return;
    wanted.add(item);
    for (const id of dependenciesOf(item)) add(findItem(content, id));
  };
  for (const { environments, needs } of planSequence(sequence, stepTypes).steps) {
    if (!environments.includes(environment)) continue;
    for (const { id } of needs.content ?? []) add(findItem(content, id));
    for (const item of content) if (item.kind === needs.listed?.kind) add(item);
  }
  return [...wanted];
}

export interface PlannedTarget {
  readonly step: string;
  readonly description: string;
  readonly disk: Disk;
  /** Whether the step's conditions, and those of its groups, hold before the first step runs. */
  readonly expected: boolean;
}

/**
 * The disks the sequence would erase on this machine, in order: what a person is asked about.
 *
 * @throws BW-DISK-001, BW-DISK-004, BW-STEP-002 when an expected step cannot tell its disk
 */
export async function plannedTargets(
  options: InitialVariables,
  stepTypes: readonly StepType[] = allStepTypes,
): Promise<readonly PlannedTarget[]> {
  const { sequence, secrets } = options.policy;
  const { entries } = flatten(sequence.items);
  const environment = new VariableEnvironment();
  await fillVariables(environment, options);
  const targets: PlannedTarget[] = [];
  for (const entry of entries) {
    if (entry.kind !== 'step') continue;
    const ancestors = ancestorsOf(entries, entry);
    const type = stepTypes.find((candidate) => candidate.type.toLowerCase() === entry.item.type.toLowerCase());
    if (type?.target === undefined || ancestors.some(({ item }) => item.disabled)) continue;
    const expected = ancestors.every(({ item }) => evaluateCondition(item.condition, environment).result);
    try {
      const settings = prepareSettings(type, entry.item, environment, (name) => secrets[name] ?? '');
      const disk = await type.target(settings, options.machine);
      if (disk !== undefined)
        targets.push({ step: entry.item.name, description: type.describe(settings), disk, expected });
    } catch (error) {
      if (expected) throw error;
    } finally {
      environment.removeActionVariables();
    }
  }
  return targets;
}

/** The entry itself and the groups around it. */
function ancestorsOf(entries: readonly TableEntry[], entry: TableEntry): Exclude<TableEntry, { kind: 'end' }>[] {
  if (entry.kind === 'end') return [];
  const parent = entries[entry.parent];
  return parent === undefined ? [entry] : [...ancestorsOf(entries, parent), entry];
}
