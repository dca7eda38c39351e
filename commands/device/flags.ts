import { Args, Flags } from '@oclif/core';
import type { Target } from '../../src/deployment/target.ts';
import { BootwrightError } from '../../src/model/error.ts';
import type { Waking } from '../../src/server/wake.ts';
import type { Site } from '../../src/site/site.ts';
import { several } from '../deployment/flags.ts';

/** What the commands share that do something with devices. */
export const deviceArgument = Args.string({ description: 'name, MAC address or GUID of the device' });

export const collectionFlag = Flags.string({ description: 'all devices of this collection', helpValue: 'NAME' });

export const subnetFlag = several(
  'wake through the broadcast address of this subnet, instead of those of this machine',
  'CIDR',
);

/** Whom the words of a command mean. @throws BW-DEPLOY-060 nobody, or twice, BW-DEPLOY-007 */
export async function targetOf(site: Site, name: string | undefined, collection: string | undefined): Promise<Target> {
  if (name !== undefined && collection === undefined) {
    const { findDevice } = await import('../../src/site/find-device.ts');
    return { device: findDevice(site, name) };
  }
  if (name === undefined && collection !== undefined) return { collection };
  throw new BootwrightError('BW-DEPLOY-060', 'Name one device, or a collection with --collection.');
}

/** Who was called, and where. */
export function sayWoken({ woken, unknown, broadcasts }: Waking): string {
  const names = Object.entries(woken).map(([name, macs]) => `${name} (${macs.join(' ')})`);
  const left = unknown.length === 0 ? '' : ` No MAC address is known of ${unknown.join(', ')}.`;
  return `Wake-up packets went to ${broadcasts.join(', ')} for ${names.join(', ')}.${left}`;
}
