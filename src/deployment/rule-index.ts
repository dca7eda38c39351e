import type { CollectionRule, Device } from '../model/deployment.ts';
import { networkOf, readAddress, readSubnet, type Subnet } from '../model/identifier.ts';
import { addTo } from './multimap.ts';

/** A machine as rules see it: what it says of itself, and what its device file adds. */
export type Subject = Pick<Device, 'macs' | 'guid' | 'architecture' | 'manufacturer' | 'model' | 'address'>;

/**
 * Rules by the key that tells most machines apart, so that a machine meets only rules it may fit: of 10,000 rules on MAC
 * addresses, those on its own.
 */
export class RuleIndex<Owner> {
  readonly #byKey = new Map<string, Entry<Owner>[]>();
  /** Rules without anything to look up. */
  readonly #others: Entry<Owner>[] = [];
  /** How many letters stand before the first wildcard of a pattern. */
  readonly #stems = { model: new Set<number>(), manufacturer: new Set<number>() };
  /** Lengths of prefixes in use, as `32/24`. */
  readonly #prefixes = new Map<string, { readonly bits: 32 | 128; readonly prefix: number }>();

  add(rule: CollectionRule, owner: Owner): void {
    const entry: Entry<Owner> = { owner, fits: matcher(rule) };
    const key = this.#keyOf(rule);
    if (key === undefined) this.#others.push(entry);
    else addTo(this.#byKey, key, entry);
  }

  /** The owners of all rules the machine fits. */
  match(subject: Subject): Set<Owner> {
    const found = new Set<Owner>();
    const meet = (entries: readonly Entry<Owner>[]): void => {
      for (const { owner, fits } of entries) if (!found.has(owner) && fits(subject)) found.add(owner);
    };
    for (const key of this.#keysOf(subject)) meet(this.#byKey.get(key) ?? []);
    meet(this.#others);
    return found;
  }

  #keyOf(rule: CollectionRule): string | undefined {
    if (rule.guid !== undefined) return `guid ${rule.guid}`;
    if (rule.mac !== undefined) return `mac ${rule.mac}`;
    if (rule.oui !== undefined) return `oui ${rule.oui}`;
    for (const name of ['model', 'manufacturer'] as const) {
      const text = rule[name]?.toLowerCase() ?? '';
      const stem = text.replace(/[*?].*$/s, '');
      if (stem === '') continue;
      if (stem === text) return `${name} ${text}`;
      this.#stems[name].add(stem.length);
      return `${name}* ${stem}`;
    }
    const subnet = rule.subnet === undefined ? undefined : readSubnet(rule.subnet);
    if (subnet !== undefined) {
      const { bits, prefix, value } = subnet;
      this.#prefixes.set(`${bits}/${prefix}`, { bits, prefix });
      return `subnet ${bits}/${prefix} ${value}`;
    }
    return undefined;
  }

  *#keysOf(subject: Subject): Generator<string> {
    const { macs, guid, address } = subject;
    if (guid !== undefined) yield `guid ${guid}`;
    for (const mac of macs) {
      yield `mac ${mac}`;
      yield `oui ${mac.slice(0, 8)}`;
    }
    for (const name of ['model', 'manufacturer'] as const) {
      const text = subject[name]?.toLowerCase();
      if (text === undefined) continue;
      yield `${name} ${text}`;
      for (const length of this.#stems[name]) yield `${name}* ${text.slice(0, length)}`;
    }
    const read = address === undefined ? undefined : readAddress(address);
    if (read === undefined) return;
    for (const { bits, prefix } of this.#prefixes.values()) {
      if (bits === read.bits) yield `subnet ${bits}/${prefix} ${networkOf(read, prefix)}`;
    }
  }
}

interface Entry<Owner> {
  readonly owner: Owner;
  readonly fits: (subject: Subject) => boolean;
}

/** Whether a machine fits everything a rule says. A rule that says nothing fits none. */
function matcher(rule: CollectionRule): (subject: Subject) => boolean {
  const { mac, oui, guid, architecture } = rule;
  const tests: ((subject: Subject) => boolean)[] = [];
  if (mac !== undefined) tests.push(({ macs }) => macs.includes(mac));
  if (oui !== undefined) tests.push(({ macs }) => macs.some((one) => one.startsWith(oui)));
  if (guid !== undefined) tests.push((subject) => subject.guid === guid);
  if (architecture !== undefined) tests.push((subject) => subject.architecture === architecture);
  for (const name of ['manufacturer', 'model'] as const) {
    const text = rule[name];
    if (text === undefined) continue;
    const pattern = patternOf(text);
    tests.push((subject) => pattern.test(subject[name] ?? ''));
  }
  if (rule.subnet !== undefined) {
    const subnet = readSubnet(rule.subnet);
    tests.push(({ address }) => isInside(address, subnet));
  }
  return (subject) => tests.length > 0 && tests.every((test) => test(subject));
}

/** Whether an address lies in a subnet; what cannot be read lies in none. */
export function isInside(address: string | undefined, subnet: Subnet | undefined): boolean {
  const read = address === undefined ? undefined : readAddress(address);
  if (read === undefined || subnet === undefined || read.bits !== subnet.bits) return false;
  return networkOf(read, subnet.prefix) === subnet.value;
}

function patternOf(text: string): RegExp {
  const source = text
    .replaceAll(/[\\^$.|+()[\]{}]/g, '\\$&')
    .replaceAll(/\*+/g, '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 'is');
}
