import type { Problem } from '../model/error.ts';
import type { SequenceItem, SequenceVariable, Step } from '../model/sequence.ts';
import { didYouMean } from '../sequence/did-you-mean.ts';
import { placeOf } from './resolve.ts';
import { findById, type ResolvedStep, type Site, type SiteSequence } from './site.ts';

const runTaskSequence = 'SMS_TaskSequence_SubTasksequence';

export interface Inlined {
  readonly items: readonly SequenceItem[];
  /** Steps of the sequence and of all children, in order. */
  readonly steps: readonly ResolvedStep[];
  /** Variables of the children; the parent's own come later and win. */
  readonly variables: readonly SequenceVariable[];
  /** Each once, however often it is run. */
  readonly children: ReadonlySet<SiteSequence>;
  /** Children that are missing, or run themselves. */
  readonly problems: readonly Problem[];
}

/** Puts the steps of child sequences into the places of the steps that run them, as groups of the same name. */
export function inlineChildren(site: Pick<Site, 'sequences'>, root: SiteSequence): Inlined {
  const problems: Problem[] = [];
  const steps: ResolvedStep[] = [];
  const variables: SequenceVariable[] = [];
  const children = new Set<SiteSequence>();

  const walk = (owner: SiteSequence, items: readonly SequenceItem[], active: boolean, parents: SiteSequence[]) =>
    items.map((item): SequenceItem => {
      const runs = active && !item.disabled;
      if (item.kind === 'group') return { ...item, items: walk(owner, item.items, runs, parents) };
      const resolved = owner.steps.find(({ step }) => step === item);
      if (item.type !== runTaskSequence || !runs) {
        if (resolved !== undefined) steps.push({ ...resolved, active: runs });
        return item;
      }
      const child = childOf(site, item, parents, problems);
      if (child?.sequence === undefined) return item;
      children.add(child);
      variables.push(...child.sequence.variables);
      const { name, description, disabled, continueOnError, condition, place } = item;
      return {
        kind: 'group',
        name,
        description,
        disabled,
        continueOnError,
        ...(condition === undefined ? {} : { condition }),
        ...(place === undefined ? {} : { place }),
        items: walk(child, child.sequence.items, runs, [...parents, child]),
      };
    });

  const items = walk(root, root.sequence?.items ?? [], true, [root]);
  return { items, steps, variables, children, problems };
}

function childOf(
  { sequences }: Pick<Site, 'sequences'>,
  step: Step,
  parents: readonly SiteSequence[],
  problems: Problem[],
): SiteSequence | undefined {
  const id = String(step.settings['sequence'] ?? '');
  const child = findById(sequences, id);
  const refuse = (message: string, fix: string): undefined => {
    problems.push({ severity: 'error', code: 'BW-SITE-004', message, fix, ...placeOf(step) });
  };
  if (child === undefined) {
    return refuse(`The site has no task sequence "${id}".`, didYouMean(id, sequences.keys(), 'Correct the ID.'));
  }
  if (parents.includes(child)) {
    const circle = [...parents.slice(parents.indexOf(child)), child].map((sequence) => sequence.id).join(' → ');
    return refuse(`The task sequence runs itself: ${circle}.`, 'Remove one of these steps.');
  }
  return child;
}
