import type { CatalogueSource, Device } from '../model/deployment.ts';
import { BootwrightError } from '../model/error.ts';
import { reach } from '../model/reach.ts';
import { buildCatalogue, membersOf } from './catalogue.ts';
import { compareNames } from './membership.ts';

/** Whom an operator means: one device, or all of a collection. */
export type Target = { readonly device: Device } | { readonly collection: string };

/** The devices that are meant, by name. @throws BW-DEPLOY-007 no such collection, BW-DEPLOY-060 nobody is in it */
export function devicesOf(source: CatalogueSource, target: Target): Device[] {
  if ('device' in target) return [target.device];
  const { collection } = target;
  const reached = reachOf(source, collection);
  if (reached === undefined) throw new BootwrightError('BW-DEPLOY-007', `The site has no collection "${collection}".`);
  const names = new Set(membersOf(buildCatalogue(source), source.devices, collection));
  const devices = source.devices.filter(({ name }) => names.has(name));
  if (devices.length > 0) return devices.sort((a, b) => compareNames(a.name, b.name));
  const unknown = reached.unknown ? ' Unknown machines have no name: deploy to them instead.' : '';
  throw new BootwrightError('BW-DEPLOY-060', `No device is a member of ${collection}.${unknown}`);
}

/** Whether a collection of the site takes in all devices, or unknown machines. */
export function reachOf({ collections }: CatalogueSource, name: string): ReturnType<typeof reach> {
  return reach(name, new Map(collections.map((one) => [one.name.toLowerCase(), one])));
}
