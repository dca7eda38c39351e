import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Decision } from '../../src/server/interfaces.ts';
import { releaseOf, releaseOfAll } from '../../src/server/release.ts';

const decision = (state: Decision['state'], unknownPolicy: Decision['unknownPolicy'] = 'ask'): Decision => ({
  state,
  unknownPolicy,
  name: 'x',
  offers: [],
});
const plain = { secret: false, password: false };
const secret = { secret: true, password: false };
const locked = { secret: true, password: true };

describe('what stands between a machine and a policy', () => {
  it.each([
    ['known', 'ask', plain, 'none'],
    ['known', 'ask', secret, 'approval'],
    ['known', 'ask', locked, 'password'],
    ['known', 'refuse', plain, 'none'],
    ['unknown', 'ask', plain, 'approval'],
    ['unknown', 'ask', locked, 'approval'],
    ['unknown', 'allow', plain, 'none'],
    ['unknown', 'allow', secret, 'approval'],
    ['unknown', 'allow', locked, 'password'],
    ['unknown', 'refuse', plain, 'refused'],
    ['ignored', 'allow', plain, 'refused'],
  ] as const)('%s machine, unknown ones: %s, %o → %s', (state, unknownPolicy, offer, expected) => {
    expect(releaseOf(decision(state, unknownPolicy), offer)).toBe(expected);
    expect(releaseOfAll(decision(state, unknownPolicy), [offer]).release).toBe(expected);
  });

  it('is the password only when that opens everything', () => {
    expect(releaseOfAll(decision('known'), [plain, locked]).release).toBe('password');
    expect(releaseOfAll(decision('known'), [secret, locked]).release).toBe('approval');
  });

  it('says why there is nothing, but not to strangers who have to be looked at first', () => {
    expect(releaseOfAll(decision('known'), [])).toEqual({
      release: 'refused',
      reason: 'nothing is deployed to this machine',
    });
    expect(releaseOfAll(decision('unknown', 'ask'), [])).toEqual({ release: 'approval' });
  });

  it('never hands out a secret for nothing', () => {
    const states = fc.constantFrom<Decision['state']>('known', 'unknown', 'ignored');
    const policies = fc.constantFrom<Decision['unknownPolicy']>('ask', 'allow', 'refuse');
    fc.assert(
      fc.property(states, policies, fc.boolean(), (state, unknownPolicy, password) => {
        expect(releaseOf(decision(state, unknownPolicy), { secret: true, password })).not.toBe('none');
      }),
    );
  });
});
