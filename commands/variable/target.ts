import { Flags } from '@oclif/core';
import type { Collection, Device } from '../../src/model/deployment.ts';
import type { Site } from '../../src/site/site.ts';

/** Variables belong to one device or one collection. */
export const targetFlags = {
  device: Flags.string({
    description: 'device the variable belongs to',
    helpValue: 'NAME',
    exactlyOne: ['device', 'collection'],
  }),
  collection: Flags.string({ description: 'collection the variable belongs to', helpValue: 'NAME' }),
};

export interface Target {
  readonly folder: 'devices' | 'collections';
  readonly name: string;
  readonly owner: Device | Collection;
}

/** @throws BW-DEPLOY-007 */
export async function targetOf(
  site: Site,
  flags: { device?: string | undefined; collection?: string | undefined },
): Promise<Target> {
  const { findRecord } = await import('../../src/site/write-records.ts');
  const folder = flags.device === undefined ? 'collections' : 'devices';
  const name = flags.device ?? flags.collection ?? '';
  return { folder, name, owner: findRecord(site, folder, name) };
}
