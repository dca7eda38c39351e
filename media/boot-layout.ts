import { createHash } from 'node:crypto';
import { foldersAbove, writeCpio } from '../src/formats/cpio.ts';
import { writeFat } from '../src/formats/fat.ts';
import type { BootFileRole } from '../src/model/boot-image.ts';
import { type Layout, type LayoutFile, layoutFileSize } from '../src/model/layout.ts';
import type { MediumParts } from '../src/model/media-kind.ts';
import { type MediumFacts, mediumParameter } from '../src/model/medium.ts';

/** Boot files that lie on the medium as they are in the boot image. */
const bootFiles: readonly (readonly [path: string, role: BootFileRole])[] = [
  ['boot/vmlinuz', 'kernel'],
  ['boot/initramfs.img', 'initramfs'],
  ['boot/root.squashfs', 'root'],
  ['boot/grub/bios.img', 'bios-cd'],
  // Only `media verify` reads it: the boot code in front of the ISO has to equal a signed file.
  ['boot/grub/boot_hybrid.img', 'bios-mbr'],
];

/** At the top, where a person looks for it in MokManager's list. */
const enrolPath = 'ENROL.CER';

/** The tree every medium has that starts our boot environment, from one hybrid ISO. Kinds differ in what they bring it. */
export function bootLayout(
  kind: MediumFacts['kind'],
  parts: MediumParts,
  /** What this kind has beside it. */
  own: readonly LayoutFile[] = [],
): Layout {
  const known = knownFiles(parts);
  // Without the id, which depends on content: the seed is wanted before content has been read.
  const seed = sha256(
    JSON.stringify([
      parts.facts,
      parts.bootImage.id,
      known.map((file) => [file.path, layoutFileSize(file)]),
      parts.policy.length,
    ]),
  );
  const epoch = parts.epoch ?? derivedEpoch(seed);
  const facts = mediumJson(kind, parts);
  const finder = Buffer.from(parts.menus.finder);
  const files: LayoutFile[] = [
    ...known,
    { path: 'boot/medium.cpio', bytes: mediumArchive(facts, parts) },
    { path: 'boot/grub/grub.cfg', bytes: Buffer.from(mainMenu(parts)) },
    { path: 'boot/grub/loopback.cfg', bytes: Buffer.from(parts.menus.loopback) },
    { path: 'boot/grub/efi.img', bytes: efiImage(parts, finder, seed, epoch) },
    { path: 'EFI/debian/grub.cfg', bytes: finder },
    ...(parts.loaders.enrol === undefined ? [] : [{ path: enrolPath, bytes: parts.loaders.enrol }]),
    ...diskLoader(parts),
    ...loadersOf(parts).map(({ name, bytes }) => ({ path: `EFI/BOOT/${name}`, bytes })),
    { path: 'bootwright/medium.json', bytes: facts },
    { path: policyPath(parts), bytes: parts.policy },
    ...own,
  ];
  return {
    label: parts.facts.label,
    epoch,
    seed,
    files: files.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path))),
    boot: {
      biosImage: 'boot/grub/bios.img',
      efiImage: 'boot/grub/efi.img',
      mbrCode: hostPath(parts, 'bios-mbr'),
    },
  };
}

function knownFiles(parts: MediumParts): LayoutFile[] {
  return [
    ...bootFiles.map(([path, role]) => {
      const { size, sha256 } = bootFile(parts, role);
      return { path, source: hostPath(parts, role), size, sha256 };
    }),
    ...parts.content,
  ];
}

function loadersOf({ loaders }: MediumParts): { name: string; bytes: Uint8Array }[] {
  return [
    { name: 'BOOTX64.EFI', bytes: loaders.shim },
    { name: 'grubx64.efi', bytes: loaders.grub },
    ...(loaders.mokManager === undefined ? [] : [{ name: 'mmx64.efi', bytes: loaders.mokManager }]),
  ];
}

/** What the BIOS part of docs/staging.md lays beside the partitions. */
function diskLoader({ loaders: { disk } }: MediumParts): LayoutFile[] {
  if (disk === undefined) return [];
  return [
    { path: 'boot/grub/disk/boot.img', bytes: disk.sector },
    { path: 'boot/grub/disk/core.img', bytes: disk.core },
  ];
}

/** The EFI system partition of a stick and the boot image of a drive. Holds nothing of this medium but its loaders. */
function efiImage(parts: MediumParts, finder: Uint8Array, seed: string, epoch: number): Uint8Array {
  const loaders = loadersOf(parts).map(({ name, bytes }) => ({ path: `EFI/BOOT/${name}`, bytes }));
  // Debian's GRUB images look for their commands in one place or the other, depending on what they were made for.
  const enrol = parts.loaders.enrol === undefined ? [] : [{ path: enrolPath, bytes: parts.loaders.enrol }];
  const finders = ['EFI/debian/grub.cfg', 'boot/grub/grub.cfg'].map((path) => ({ path, bytes: finder }));
  return writeFat([...loaders, ...finders, ...enrol], {
    label: fatLabel(parts.facts.label),
    serial: Number.parseInt(seed.slice(0, 8), 16),
    epoch,
  });
}

/** What the boot environment trusts, put in front of everything else it reads. */
function mediumArchive(facts: Uint8Array, { keys }: MediumParts): Uint8Array {
  const files = [
    ...keys.map(({ name, text }) => ({ path: `etc/bootwright/keys/${name}`, data: Buffer.from(text) })),
    { path: 'etc/bootwright/medium.json', data: facts },
  ].map((file) => ({ ...file, kind: 'file' as const, mode: 0o644 }));
  return writeCpio([...foldersAbove(files.map(({ path }) => path)), ...files]);
}

function mediumJson(kind: MediumFacts['kind'], { id, facts }: MediumParts): Uint8Array {
  const medium: MediumFacts = { format: 'bootwright-medium/1', id, kind, ...facts };
  return Buffer.from(`${JSON.stringify(medium, null, 2)}\n`);
}

function mainMenu({ id, facts, menus }: MediumParts): string {
  const words: Record<string, string> = {
    MARKER: id.slice(0, 16),
    PARAMETERS: `${mediumParameter}=${id} console=tty0 console=ttyS0,115200n8 quiet loglevel=3`,
    // Inside GRUB's double quotes these would end the string or name a variable.
    TITLE: facts.title.replace(/["$\\`\p{Cc}]/gu, ' '),
  };
  return menus.main.replace(/@([A-Z]+)@/g, (whole, word: string) => words[word] ?? whole);
}

/** The eleven characters a FAT volume label may have, from the medium's label. */
export function fatLabel(label: string): string {
  return label
    .toUpperCase()
    .replace(/[^A-Z0-9 _-]/g, '_')
    .slice(0, 11)
    .trimEnd();
}

function policyPath({ facts }: MediumParts): string {
  return facts.passwordRequired ? 'bootwright/policy.sealed' : 'bootwright/policy.json';
}

function bootFile({ bootImage }: MediumParts, role: BootFileRole): { name: string; size: number; sha256: string } {
  const file = bootImage.files[role];
  if (file === undefined) throw new RangeError(`the boot image ${bootImage.name} has no file for ${role}`);
  return file;
}

function hostPath(parts: MediumParts, role: BootFileRole): string {
  return `${parts.bootImageFolder}/${bootFile(parts, role).name}`;
}

/** A time in the years 2020 to 2024 that differs between media, because GRUB knows an ISO by its date. */
function derivedEpoch(seed: string): number {
  return Date.UTC(2020, 0, 1) / 1000 + (Number.parseInt(seed.slice(0, 8), 16) & 0x7ffffff);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
