import { describe, expect, it } from 'vitest';
import { judgeOffers } from '../../../src/agent/client/due.ts';
import type { Offer } from '../../../src/model/protocol.ts';

const now = new Date(2027, 0, 30, 21, 0);
const offer = (more: Partial<Offer> = {}): Offer => ({
  ...{ deployment: 'R1', sequence: 'debian', name: 'Debian', description: '', purpose: 'required', hidden: false },
  client: { assignments: [], outsideWindow: false },
  ...more,
});
const tonight = [{ days: [], start: '22:00', minutes: 120 }];

function judged(more: Partial<Offer>, maintenanceWindows = tonight, at = now) {
  const [one] = judgeOffers({ offers: [offer(more)], maintenanceWindows }, at);
  return one;
}

describe('what becomes of an offer on a running system', () => {
  it('begins in the window and not before', () => {
    expect(judged({})).toMatchObject({ state: 'waits', why: expect.stringContaining('Sat 2027-01-30 22:00') });
    expect(judged({}, tonight, new Date(2027, 0, 30, 22, 0))?.state).toBe('due');
    expect(judged({}, [])?.state).toBe('due');
  });

  it('begins outside of it when the deployment says so', () => {
    expect(judged({ client: { assignments: [], outsideWindow: true } })?.state).toBe('due');
  });

  it('waits until it is due, window or not', () => {
    const at = new Date(2027, 0, 31, 8, 0).toISOString();
    expect(judged({ client: { assignments: [at], outsideWindow: true } })).toMatchObject({
      state: 'waits',
      why: 'due at Sun 2027-01-31 08:00',
    });
    expect(judged({ client: { assignments: [at, 'asSoonAsPossible'], outsideWindow: true } })?.state).toBe('due');
    expect(judged({ client: { assignments: ['logOn'], outsideWindow: true } })?.state).toBe('waits');
  });

  it('never begins by itself when it is only available, and is not shown when it is hidden', () => {
    expect(judged({ purpose: 'available' }, [])?.state).toBe('available');
    expect(judged({ hidden: true }, [])).toBeUndefined();
  });
});
