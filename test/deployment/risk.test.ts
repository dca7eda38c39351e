import { describe, expect, it } from 'vitest';
import { assessRisk, requireConfirmed } from '../../src/deployment/risk.ts';
import type { CatalogueSource, DeploymentSettings } from '../../src/model/deployment.ts';
import { collection, deployment, device, sequence } from './sample-site.ts';

const source = (members: number, sizeLimits: DeploymentSettings['sizeLimits'], erases = true): CatalogueSource => {
  const devices = Array.from({ length: members + 1 }, (_, index) => device(`d${index}`));
  return {
    devices,
    collections: [
      collection('lab', { members: devices.slice(1).map(({ name }) => name) }),
      collection('new', { members: ['x64 Unknown Computer'] }),
    ],
    deployments: [],
    sequences: [{ ...sequence('debian'), erases }],
    bootImages: new Map(),
    settings: {
      unknownComputers: 'ask',
      waitSeconds: 60,
      exclude: [],
      bootImages: { revoked: [] },
      duplicateIdentifiers: { macs: [], guids: [] },
      sizeLimits,
    },
  };
};
const required = (to: string, machines?: number) =>
  deployment('D', to, { purpose: 'required', ...(machines === undefined ? {} : { scope: { machines } }) });
const limits = { warn: 3, maximum: 5 };

describe('high-risk rules by size (deploy.md section 3)', () => {
  it('default size: above it the number of members has to be typed', () => {
    expect(assessRisk(source(3, limits), required('lab'))).toEqual({ members: 3, unknown: 0 });
    const risk = assessRisk(source(4, limits), required('lab'));
    expect(risk).toMatchObject({ members: 4, confirm: expect.stringContaining('4 devices') });
    for (const typed of [undefined, 3, Number.NaN]) {
      expect(() => requireConfirmed(risk, typed)).toThrow(expect.objectContaining({ code: 'BW-DEPLOY-009' }));
    }
    requireConfirmed(risk, 4);
  });

  it('maximum size: above it always refused', () => {
    expect(assessRisk(source(5, limits), required('lab')).members).toBe(5);
    const refused = expect.objectContaining({ code: 'BW-DEPLOY-010' });
    expect(() => assessRisk(source(6, limits), required('lab'))).toThrow(refused);
  });

  it('0 switches a limit off', () => {
    expect(assessRisk(source(200, { warn: 0, maximum: 0 }), required('lab'))).toEqual({ members: 200, unknown: 0 });
  });

  it('what is available, or erases nothing, is no risk', () => {
    const none = { members: 0, unknown: 0 };
    expect(assessRisk(source(6, limits), deployment('D', 'lab'))).toEqual(none);
    expect(assessRisk(source(6, limits, false), required('lab'))).toEqual(none);
  });

  it.each(['All Unknown Computers', 'new'])('required to %s: the number of machines has to be typed', (to) => {
    const risk = assessRisk(source(1, limits), required(to, 12));
    expect(risk).toMatchObject({ members: 0, unknown: 12 });
    expect(() => requireConfirmed(risk, undefined)).toThrow(expect.objectContaining({ code: 'BW-DEPLOY-009' }));
    requireConfirmed(risk, 12);
  });
});
