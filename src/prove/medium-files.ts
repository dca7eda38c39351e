import { readIso } from '../formats/iso9660.ts';
import { open, sizeOf } from '../host/files.ts';
import type { BootableSettings } from '../model/bootable.ts';
import { BootwrightError } from '../model/error.ts';
import type { MediumFacts } from '../model/medium.ts';
import { unseal } from '../trust/seal.ts';

/** What the medium says about itself in public. @throws BW-HOST-007, BW-MEDIA-010 no ISO image, BW-PROVE-013 none of ours */
export async function readMediumFacts(iso: string): Promise<MediumFacts> {
  const bytes = await readFromIso(iso, 'bootwright/medium.json');
  if (bytes === undefined) {
    throw new BootwrightError('BW-PROVE-013', `${iso} is no medium of ours: it has no bootwright/medium.json.`);
  }
  return JSON.parse(new TextDecoder().decode(bytes)) as MediumFacts;
}

/** The medium's kernel; `undefined` when the file is no ISO image or has none. */
export async function readKernel(medium: string): Promise<Uint8Array | undefined> {
  return await readFromIso(medium, 'boot/vmlinuz').catch(() => undefined);
}

/** Origins of the servers a bootable medium asks. @throws BW-TRUST-002 the password is wrong, BW-PROVE-013 */
export async function readMediumServers(iso: string, password: string | undefined): Promise<string[]> {
  const name = `bootwright/policy.${password === undefined ? 'json' : 'sealed'}`;
  const bytes = await readFromIso(iso, name);
  if (bytes === undefined) throw new BootwrightError('BW-PROVE-013', `${iso} has no ${name}.`);
  const plain = password === undefined ? bytes : await unseal(bytes, password);
  const { servers } = JSON.parse(new TextDecoder().decode(plain)) as BootableSettings;
  return servers.map(({ url }) => url);
}

async function readFromIso(iso: string, path: string): Promise<Uint8Array | undefined> {
  await sizeOf(iso);
  const handle = await open(iso, 'r');
  try {
    const read = async (offset: number, length: number): Promise<Uint8Array> => {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, offset);
      return buffer.subarray(0, bytesRead);
    };
    const file = (await readIso(read)).files.find((each) => each.path === path);
    if (file === undefined) return undefined;
    const pieces = await Promise.all(file.extents.map(({ offset, size }) => read(offset, size)));
    return Buffer.concat(pieces);
  } finally {
    await handle.close();
  }
}
