import { withMedium } from '../build/medium/open.ts';
import type { BootableSettings } from '../model/bootable.ts';
import { BootwrightError } from '../model/error.ts';
import type { MediumFacts } from '../model/medium.ts';
import { unseal } from '../trust/seal.ts';

/** What the medium says about itself in public. @throws BW-HOST-007, BW-MEDIA-010 no ISO image, BW-PROVE-013 none of ours */
export async function readMediumFacts(iso: string): Promise<MediumFacts> {
  const bytes = await readFromMedium(iso, 'bootwright/medium.json');
  if (bytes === undefined) {
    throw new BootwrightError('BW-PROVE-013', `${iso} is no medium of ours: it has no bootwright/medium.json.`);
  }
  return JSON.parse(new TextDecoder().decode(bytes)) as MediumFacts;
}

/** The medium's kernel; `undefined` when the file is no ISO image or has none. */
export async function readKernel(medium: string): Promise<Uint8Array | undefined> {
  return await readFromMedium(medium, 'boot/vmlinuz').catch(() => undefined);
}

/** Origins of the servers a bootable medium asks. @throws BW-TRUST-002 the password is wrong, BW-PROVE-013 */
export async function readMediumServers(iso: string, password: string | undefined): Promise<string[]> {
  const name = `bootwright/policy.${password === undefined ? 'json' : 'sealed'}`;
  const bytes = await readFromMedium(iso, name);
  if (bytes === undefined) throw new BootwrightError('BW-PROVE-013', `${iso} has no ${name}.`);
  const plain = password === undefined ? bytes : await unseal(bytes, password);
  const { servers } = JSON.parse(new TextDecoder().decode(plain)) as BootableSettings;
  return servers.map(({ url }) => url);
}

/** Whether it is an ISO, which is a disc and a stick, a USB image, which is a stick only, or a WIM, which is laid on a disk. */
export async function formOf(path: string): Promise<'iso' | 'usb' | 'wim'> {
  return withMedium(path, async ({ form }) => (form === 'usb-single' ? 'usb' : form));
}

async function readFromMedium(path: string, name: string): Promise<Uint8Array | undefined> {
  return withMedium(path, async (medium) => {
    const file = medium.file(name);
    return file === undefined ? undefined : medium.bytes(file);
  });
}
