import { architectures, type CatalogueSource, type Deployment, type MachineIdentity } from '../model/deployment.ts';
import { BootwrightError } from '../model/error.ts';
import { buildCatalogue, membersOf } from './catalogue.ts';

/** What a required deployment that erases machines would hit, now: collections change, and nothing asks again then. */
export interface Risk {
  /** Devices that are members of the collection. */
  readonly members: number;
  /** Unknown machines it is for at most. */
  readonly unknown: number;
  /** Why somebody has to type the number of machines; absent: nobody has to. */
  readonly confirm?: string;
}

/**
 * Judges a deployment before it is written. One that is available, or erases nothing, is none.
 *
 * @throws BW-DEPLOY-010 the collection has more members than the site allows
 */
export function assessRisk(source: CatalogueSource, deployment: Deployment): Risk {
  const { purpose, sequence, collection, scope } = deployment;
  const catalogue = buildCatalogue(source);
  const erases = catalogue.sequences.get(sequence.toLowerCase())?.erases === true;
  if (purpose === 'available' || !erases) return { members: 0, unknown: 0 };
  const members = membersOf(catalogue, source.devices, collection).length;
  const reachesUnknown = architectures.some((architecture) => {
    const stranger: MachineIdentity = { macs: [], architecture, firmware: 'uefi' };
    return catalogue.collections
      .ofUnknown(stranger)
      .some(({ name }) => name.toLowerCase() === collection.toLowerCase());
  });
  const unknown = reachesUnknown ? (scope.machines ?? 0) : 0;
  const { warn, maximum } = source.settings.sizeLimits;
  if (maximum !== 0 && members > maximum) {
    throw new BootwrightError(
      'BW-DEPLOY-010',
      `${collection} has ${members} members, and the site allows ${maximum} for a required deployment that erases machines. Nothing was written.`,
    );
  }
  if (reachesUnknown) {
    const confirm = `${sequence} would erase up to ${unknown} unknown machines by itself`;
    return { members, unknown, confirm: members === 0 ? confirm : `${confirm}, and ${members} devices` };
  }
  if (warn === 0 || members <= warn) return { members, unknown };
  return { members, unknown, confirm: `${sequence} would erase ${members} devices by itself, more than ${warn}` };
}

/** @throws BW-DEPLOY-009 the number that was typed is not that of the machines */
export function requireConfirmed({ members, unknown, confirm }: Risk, typed: number | undefined): void {
  const machines = members + unknown;
  if (confirm === undefined || typed === machines) return;
  throw new BootwrightError('BW-DEPLOY-009', `${confirm}. The number was not typed: nothing was written.`, {
    fix: `Give --confirm-machines ${machines}, if that is what you want.`,
  });
}
