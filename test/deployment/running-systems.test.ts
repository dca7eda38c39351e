import { describe, expect, it } from 'vitest';
import { decide } from '../../src/deployment/decide.ts';
import type { DeploymentMemory, Origin } from '../../src/model/deployment.ts';
import { catalogueOf, collection, deployment, device, guid, machine, memory } from './sample-site.ts';

const required = { purpose: 'required' as const };
const window = { days: [], start: '22:00', minutes: 60 };

function ask(
  facts: Parameters<typeof deployment>[2],
  known: Partial<DeploymentMemory> = {},
  origin: Origin = 'client',
) {
  const catalogue = catalogueOf({
    devices: [device('pc', { guid })],
    collections: [
      collection('lab', { members: ['pc'], maintenanceWindows: [window] }),
      collection('other', { members: ['pc'], maintenanceWindows: [{ ...window, start: '03:00' }] }),
      collection('foreign', { maintenanceWindows: [{ ...window, start: '12:00' }] }),
    ],
    deployments: [deployment('R1', 'lab', facts)],
  });
  return decide(catalogue, machine(), memory(known), origin);
}

const isOffered = (...args: Parameters<typeof ask>): boolean => ask(...args).offers.length === 1;

describe('a running system', () => {
  it('has the maintenance windows of all its collections, and of no other', () => {
    expect(ask(required).maintenanceWindows.map(({ start }) => start)).toEqual(['22:00', '03:00']);
  });

  it('learns when a required deployment is due and whether it may begin outside of them', () => {
    const assignments = ['2027-06-01T10:00:00Z'];
    expect(ask({ ...required, schedule: { assignments } }).offers[0]?.client).toEqual({
      assignments,
      outsideWindow: false,
    });
    const userExperience = {
      showProgress: true,
      installOutsideWindow: true,
      restartOutsideWindow: false,
      allowRefusal: true,
    };
    expect(ask({ ...required, userExperience }).offers[0]?.client?.outsideWindow).toBe(false);
    const both = { ...userExperience, restartOutsideWindow: true };
    expect(ask({ ...required, userExperience: both }).offers[0]?.client?.outsideWindow).toBe(true);
    expect(ask(required, {}, 'media').offers[0]).not.toHaveProperty('client');
  });

  it('is not deployed again and again by one that is required always', () => {
    const begun = new Map([['R1', '2027-06-01T11:00:00Z']]);
    expect(isOffered(required)).toBe(true);
    expect(isOffered(required, { begun })).toBe(false);
    const due = (assignments: string[]) => ({ ...required, schedule: { assignments } });
    expect(isOffered(due(['2027-06-01T10:59:00Z']), { begun })).toBe(false);
    expect(isOffered(due(['2027-06-01T10:59:00Z', '2027-06-01T11:30:00Z']), { begun })).toBe(true);
    expect(isOffered(due(['2027-06-01T12:30:00Z']), { begun })).toBe(false);
  });

  it('may always choose what is available', () => {
    const begun = new Map([['R1', '2027-06-01T11:00:00Z']]);
    expect(isOffered({ purpose: 'available' }, { begun })).toBe(true);
  });

  it('goes on with what it was given although it expired meanwhile', () => {
    const expired = { ...required, schedule: { expires: '2027-06-01T11:30:00Z' } };
    const begun = new Map([['R1', '2027-06-01T11:00:00Z']]);
    expect(isOffered(expired, { begun })).toBe(false);
    expect(isOffered(expired, { begun, inProgress: new Set(['R1']) })).toBe(true);
  });
});
