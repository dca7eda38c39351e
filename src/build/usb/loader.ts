import { createHash, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { hashFile, readBytes } from '../../host/files.ts';
import type { BootFileRole } from '../../model/boot-image.ts';
import { BootwrightError } from '../../model/error.ts';
import { type LayoutFile, layoutFileSize } from '../../model/layout.ts';
import { manifestBytes, signManifest } from '../../trust/manifest.ts';
import type { TargetJob } from '../target.ts';

/** GRUB's two parts for BIOS, as GRUB's makers leave them. */
export interface BiosLoader {
  /** `boot.img`: the first sector. */
  readonly sector: Uint8Array;
  /** `core.img`: everything else. */
  readonly core: Uint8Array;
}

export const activePath = 'bootwright/active';
export type System = 'a' | 'b';

/**
 * One sector in the form of GRUB's environment block: `load_env` takes from it the one variable it is asked for, so
 * nothing that stands here is ever run.
 */
export function activeSector(system: System): Buffer {
  const text = Buffer.alloc(512, '#');
  text.write(`# GRUB Environment Block\nactive=${system}\n`, 0, 'latin1');
  return text;
}

/** Which system a sector names; undefined when it is damaged, and the loader then takes the first that is whole. */
export function activeOf(sector: Uint8Array): System | undefined {
  const found = /^# GRUB Environment Block\nactive=([ab])\n#*$/.exec(Buffer.from(sector).toString('latin1'));
  return found?.[1] as System | undefined;
}

/** The files of the shared part, signed as one: it outlives the manifests of both systems. */
export function sharedFiles(parts: {
  readonly loaders: readonly LayoutFile[];
  readonly finder: Uint8Array;
  readonly bios: BiosLoader;
  readonly mediumId: string;
  readonly signing: { readonly privateKey: KeyObject; readonly publicKey: { readonly fingerprint: string } };
}): { readonly path: string; readonly bytes: Uint8Array }[] {
  const files = [
    ...parts.loaders.map((file) => {
      if (!('bytes' in file)) throw new Error(`${file.path} is not in memory`);
      return { path: file.path, bytes: file.bytes };
    }),
    // Debian's GRUB for UEFI reads the first, the one for BIOS the second.
    { path: 'EFI/debian/grub.cfg', bytes: parts.finder },
    { path: 'boot/grub/grub.cfg', bytes: parts.finder },
    // For `media verify`: what lies in front of the partitions has to be made of these.
    { path: 'boot/grub/boot.img', bytes: parts.bios.sector },
    { path: 'boot/grub/core.img', bytes: parts.bios.core },
  ].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  const manifest = manifestBytes({
    format: 'bootwright-manifest/1',
    mediumId: parts.mediumId,
    key: parts.signing.publicKey.fingerprint,
    files: files.map((file) => ({
      path: file.path,
      size: layoutFileSize(file),
      sha256: createHash('sha256').update(file.bytes).digest('hex'),
    })),
  });
  return [
    ...files,
    { path: activePath, bytes: activeSector('a') },
    { path: 'bootwright/manifest.json', bytes: manifest },
    { path: 'bootwright/manifest.sig', bytes: signManifest(manifest, parts.signing.privateKey) },
  ];
}

/**
 * GRUB for BIOS as it lies on a disk: its first sector names where the rest begins, the rest's first sector names where
 * that goes on. What `grub-bios-setup` does for an image in a BIOS boot partition, as blocks that follow each other.
 *
 * @throws BW-MEDIA-014 the parts are not GRUB's
 */
export function placeBiosLoader({ sector, core }: BiosLoader, start: number, room: number): BiosLoader {
  if (sector.length !== 512 || core.length > room || core.length < 1024)
    throw new BootwrightError('BW-MEDIA-014', "The boot image's loader for BIOS has an impossible size.");
  const first = Buffer.from(sector);
  first.writeBigUInt64LE(BigInt(start / 512), 0x5c);
  // Some BIOSes say they started from a floppy drive when it was a stick: GRUB then takes the first disk.
  first.set([0x90, 0x90], 0x66);
  const rest = Buffer.from(core);
  rest.writeBigUInt64LE(BigInt(start / 512 + 1), 512 - 12);
  return { sector: first, core: rest };
}

/** As they lie in the boot image. @throws BW-MEDIA-014 */
export async function biosLoader({
  bootImage,
  bootImageFolder,
}: Pick<TargetJob, 'bootImage' | 'bootImageFolder'>): Promise<BiosLoader> {
  const read = async (role: BootFileRole): Promise<Uint8Array> => {
    const file = bootImage.files[role];
    if (file === undefined) throw new Error(`the boot image has no ${role}`);
    const path = join(bootImageFolder, file.name);
    if ((await hashFile(path)) !== file.sha256)
      throw new BootwrightError(
        'BW-MEDIA-014',
        `The boot image ${bootImage.name} is damaged: ${file.name} was changed.`,
      );
    return readBytes(path);
  };
  return { sector: await read('bios-sector'), core: await read('bios-core') };
}
