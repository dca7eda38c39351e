import { expect, it } from 'vitest';
import { CollectionIndex } from '../../src/deployment/membership.ts';
import { variablesOf } from '../../src/deployment/variables.ts';
import type { Collection } from '../../src/model/deployment.ts';
import { collection, device } from './sample-site.ts';

const valuesFor = (collections: readonly Collection[], variables = [{ name: 'Own', value: 'device' }]): object => {
  const subject = device('d', { variables });
  const found = variablesOf(new CollectionIndex(collections).of(subject), subject);
  return Object.fromEntries(found.map(({ name, value }) => [name, value]));
};

const holding = (name: string, priority: number, values: Record<string, string>): Collection =>
  collection(name, {
    members: ['d'],
    priority,
    variables: Object.entries(values).map(([variable, value]) => ({ name: variable, value })),
  });

it('of collections with one variable the higher priority wins', () => {
  expect(valuesFor([holding('z', 1, { V: 'low' }), holding('a', 9, { v: 'high' })])).toEqual({
    Own: 'device',
    v: 'high',
  });
});

it('equal priorities are settled by name, in any order of files', () => {
  const two = [holding('a', 5, { V: 'a' }), holding('b', 5, { V: 'b' })];
  expect(valuesFor(two)).toEqual(valuesFor(two.toReversed()));
  expect(valuesFor(two)).toMatchObject({ V: 'b' });
});

it('device variables win over those of any collection, whatever the case of the name', () => {
  expect(valuesFor([holding('a', 9, { OWN: 'collection', Other: 'x' })])).toEqual({ Own: 'device', Other: 'x' });
});

it('variables of a collection the device is not in do not count', () => {
  expect(valuesFor([collection('a', { variables: [{ name: 'V', value: 'x' }] })])).toEqual({ Own: 'device' });
});
