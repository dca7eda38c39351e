import type { CatalogueSource } from '../model/deployment.ts';
import { BootwrightError } from '../model/error.ts';
import { inlineChildren } from './inline.ts';
import { bootImageOf, type Site, type SiteSequence } from './site.ts';

/** Whether a sequence, or one that it runs, has an active step that erases or overwrites something. */
export function sequenceErases(site: Pick<Site, 'sequences'>, sequence: SiteSequence): boolean {
  return inlineChildren(site, sequence).steps.some(({ type, active }) => active && type?.destructive === true);
}

/**
 * What decisions about machines are made from.
 *
 * @throws BW-DEPLOY-008 something about devices, collections or deployments is wrong: a device or an exclusion that
 * cannot be read would let a machine get what is not meant for it
 */
export function catalogueSource(site: Site): CatalogueSource {
  const wrong = site.problems.filter(
    ({ severity, file }) =>
      severity === 'error' && /^((site|revoked-media)\.yaml$|(devices|collections|deployments)\/)/.test(file),
  );
  const [first] = wrong;
  if (first !== undefined) {
    const more = wrong.length === 1 ? '' : ` (and ${wrong.length - 1} more)`;
    throw new BootwrightError('BW-DEPLOY-008', `The site has an error${more}: ${first.message}`, { place: first });
  }
  const sequences = [...site.sequences.values()].flatMap((one) =>
    one.sequence === undefined
      ? []
      : [
          {
            id: one.id,
            name: one.sequence.name,
            description: one.sequence.description,
            bootImage: bootImageOf(site, one.sequence),
            erases: sequenceErases(site, one),
          },
        ],
  );
  return {
    devices: [...site.devices.values()],
    collections: [...site.collections.values()],
    deployments: [...site.deployments.values()],
    settings: site.deploymentSettings,
    sequences,
    bootImages: site.bootImageArchitectures,
  };
}
