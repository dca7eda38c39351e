import { allSystems, allUnknownComputers, type Collection, unknownComputers } from './deployment.ts';

/**
 * Whether a collection takes in all devices, or unknown machines; exclusions are not counted on. `collections` are those of
 * the site by name in lower case.
 */
export function reach(
  name: string,
  collections: ReadonlyMap<string, Pick<Collection, 'include' | 'members'>>,
): { everything: boolean; unknown: boolean } | undefined {
  const objects = new Set(Object.values(unknownComputers).map((object) => object.toLowerCase()));
  const [all, unknown] = [allSystems.toLowerCase(), allUnknownComputers.toLowerCase()];
  const start = name.toLowerCase();
  if (start !== all && start !== unknown && !collections.has(start)) return undefined;
  const reached = new Set([start]);
  // A set yields what is added while it is walked.
  for (const one of reached) for (const inner of collections.get(one)?.include ?? []) reached.add(inner.toLowerCase());
  return {
    everything: reached.has(all),
    unknown:
      reached.has(unknown) ||
      [...reached].some((one) => collections.get(one)?.members.some((member) => objects.has(member.toLowerCase()))),
  };
}
