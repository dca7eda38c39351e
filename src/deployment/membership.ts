import {
  allSystems,
  allUnknownComputers,
  type Collection,
  type Device,
  type MachineIdentity,
  unknownComputers,
} from '../model/deployment.ts';
import { addTo } from './multimap.ts';
import { RuleIndex, type Subject } from './rule-index.ts';

/** A collection among those it takes members from. */
interface CollectionNode {
  readonly name: string;
  /** Absent for built-in ones. */
  readonly collection?: Collection;
  readonly includes: CollectionNode[];
  readonly excludes: CollectionNode[];
  readonly includedBy: CollectionNode[];
}

/** Collections, indexed by what makes a machine a member. Made once per site. */
export class CollectionIndex {
  readonly #nodes = new Map<string, CollectionNode>();
  readonly #byMember = new Map<string, CollectionNode[]>();
  readonly #rules = new RuleIndex<CollectionNode>();

  constructor(collections: Iterable<Collection>) {
    for (const name of [allSystems, allUnknownComputers]) this.#add({ name });
    const own = [...collections];
    for (const collection of own) this.#add({ name: collection.name, collection });
    for (const collection of own) this.#connect(collection);
  }

  /** The collections a device is a member of, built-in ones too, sorted by name. `facts` are what it says now. */
  of(device: Device, facts: Partial<MachineIdentity> = {}): Membership[] {
    return this.#evaluate(this.#directly(allSystems, device.name), subjectOf(facts, device), true);
  }

  /**
   * The same for a machine without a device. Rules make it a member of nothing (spec/deploy.md section 5: only the
   * deployments of its unknown computer object), but they do exclude it.
   */
  ofUnknown(identity: MachineIdentity): Membership[] {
    const direct = this.#directly(allUnknownComputers, unknownComputers[identity.architecture]);
    return this.#evaluate(direct, identity, false);
  }

  #evaluate(members: readonly CollectionNode[], subject: Subject, known: boolean): Membership[] {
    const direct = new Set(members);
    const byRule = this.#rules.match(subject);
    const reachable = upwards([...direct, ...byRule]);
    const memo = { true: new Map<CollectionNode, boolean>(), false: new Map<CollectionNode, boolean>() };

    const isMember = (node: CollectionNode, rulesCount: boolean): boolean => {
      if (!reachable.has(node)) return false;
      const remembered = memo[`${rulesCount}`];
      const before = remembered.get(node);
      if (before !== undefined) return before;
      // Of collections in a circle, which the site refuses, none is a member of the others.
      remembered.set(node, false);
      const included =
        direct.has(node) ||
        (rulesCount && byRule.has(node)) ||
        node.includes.some((inner) => isMember(inner, rulesCount));
      // In doubt an unknown machine is out: what excludes is read widely, what includes narrowly.
      const member = included && !node.excludes.some((inner) => isMember(inner, known || !rulesCount));
      remembered.set(node, member);
      return member;
    };
    return [...reachable]
      .filter((node) => isMember(node, known))
      .sort((a, b) => compareNames(a.name, b.name))
      .map(({ name, collection }) => ({ name, ...(collection === undefined ? {} : { collection }) }));
  }

  #add(facts: Pick<CollectionNode, 'name' | 'collection'>): void {
    this.#nodes.set(facts.name.toLowerCase(), { ...facts, includes: [], excludes: [], includedBy: [] });
  }

  #connect(collection: Collection): void {
    const node = this.#nodes.get(collection.name.toLowerCase())!;
    const find = (name: string): CollectionNode[] => {
      const found = this.#nodes.get(name.toLowerCase());
      return found === undefined ? [] : [found];
    };
    for (const inner of collection.include.flatMap(find)) {
      node.includes.push(inner);
      inner.includedBy.push(node);
    }
    node.excludes.push(...collection.exclude.flatMap(find));
    for (const member of collection.members) {
      addTo(this.#byMember, member.toLowerCase(), node);
    }
    for (const rule of collection.rules) this.#rules.add(rule, node);
  }

  #directly(builtIn: string, member: string): CollectionNode[] {
    return [this.#nodes.get(builtIn.toLowerCase())!, ...(this.#byMember.get(member.toLowerCase()) ?? [])];
  }
}

export interface Membership {
  readonly name: string;
  /** Absent for built-in collections. */
  readonly collection?: Collection;
}

/** Names ignore case; those that differ in nothing else keep one order. */
export function compareNames(a: string, b: string): number {
  const [first, second] = [a.toLowerCase(), b.toLowerCase()];
  if (first !== second) return first < second ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What the machine says now counts more than what was written about it. */
function subjectOf(facts: Partial<MachineIdentity>, device: Device): Subject {
  const { guid, architecture, manufacturer, model, address } = { ...device, ...facts };
  return {
    macs: [...new Set([...(facts.macs ?? []), ...device.macs])],
    ...(guid === undefined ? {} : { guid }),
    ...(architecture === undefined ? {} : { architecture }),
    ...(manufacturer === undefined ? {} : { manufacturer }),
    ...(model === undefined ? {} : { model }),
    ...(address === undefined ? {} : { address }),
  };
}

function upwards(start: readonly CollectionNode[]): Set<CollectionNode> {
  // A set yields what is added while it is walked.
  const found = new Set(start);
  for (const node of found) for (const outer of node.includedBy) found.add(outer);
  return found;
}
