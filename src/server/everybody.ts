import type { Decide } from './interfaces.ts';
import type { Catalogue } from './policy/served.ts';

/** A site without devices and deployments: every sequence is available to every machine that an operator approves. */
export function toEverybody(catalogue: () => Catalogue): Decide {
  return ({ machine }) => ({
    state: 'unknown',
    name: `${machine.facts.architecture} unknown computer`,
    unknownPolicy: 'ask',
    offers: [...catalogue().sequences.values()].map(({ id, policy: { sequence } }) => ({
      ...{ deployment: id, sequence: id, name: sequence.name, description: sequence.description },
      ...{ purpose: 'available' as const, hidden: false },
    })),
  });
}
