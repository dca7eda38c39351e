import { BootwrightError } from '../../model/error.ts';
import { checkFile, checkFiles, verifyManifest } from '../../trust/manifest.ts';
import type { PublicKey } from '../../trust/public-key.ts';
import type { Finding } from '../medium/finding.ts';
import { activePath, placeBiosLoader } from './loader.ts';
import type { UsbMedium } from './medium.ts';

const loaderMeaning =
  'The loader starts before anything is checked. With Secure Boot only a signed one starts; its menu, and the loader for BIOS, nobody checks on the target.';

/**
 * The part of a stick that no update touches: loaders, their menu, boot code. It has a manifest of its own, which may be
 * older than the medium.
 *
 * @throws BW-TRUST-006 to -009 that manifest cannot be believed
 */
export async function changedLoader(usb: UsbMedium, keys: readonly PublicKey[]): Promise<Finding[]> {
  const bytes = async (path: string): Promise<Uint8Array> => {
    const file = usb.shared.files.find((found) => found.path === path);
    if (file === undefined || file.size > 64 * 1024 * 1024)
      throw new BootwrightError('BW-TRUST-012', `The loader's part of the stick has no usable ${path}.`);
    return usb.bytes(file);
  };
  const manifest = verifyManifest(
    await bytes('bootwright/manifest.json'),
    await bytes('bootwright/manifest.sig'),
    keys,
  );
  const findings: Finding[] = [];
  const caught = async (path: string, check: () => void | Promise<void>): Promise<void> => {
    try {
      await check();
    } catch (error) {
      if (!(error instanceof BootwrightError)) throw error;
      findings.push({ code: error.code, path, message: error.message, meaning: loaderMeaning });
    }
  };
  const paths = usb.shared.files.map(({ path }) => path).filter((path) => path !== activePath);
  await caught("(the loader's partition)", () => checkFiles(manifest, paths));
  for (const expected of manifest.files) {
    const found = usb.shared.files.find(({ path }) => path === expected.path);
    if (found === undefined) continue;
    const sha256 = await usb.hash(found);
    await caught(expected.path, () => checkFile(expected, { size: found.size, sha256 }));
  }
  if (findings.length > 0) return findings;

  const { start, size } = usb.geometry.bios;
  const placed = placeBiosLoader(
    { sector: await bytes('boot/grub/boot.img'), core: await bytes('boot/grub/core.img') },
    start,
    size,
  );
  const differs = async (offset: number, expected: Uint8Array): Promise<boolean> =>
    !Buffer.from(expected).equals(await usb.range(offset, expected.length));
  const changed = (path: string, message: string): Finding => ({
    code: 'BW-MEDIA-012',
    path,
    message,
    meaning: loaderMeaning,
  });
  if (await differs(0, placed.sector.subarray(0, 440)))
    findings.push(changed('(boot code)', 'The first sector of the stick is not what was signed.'));
  if (await differs(start, placed.core))
    findings.push(changed('(loader for BIOS)', 'The loader for BIOS is not what was signed.'));
  if (usb.activeDamaged)
    findings.push(
      changed(
        '(active system)',
        'The sector that names the active system is damaged: which one starts is left to the loader.',
      ),
    );
  return findings;
}
