import type { Layout, LayoutFile } from '../../model/layout.ts';

/** On the medium the folder in which the system partition is seen; the image `system` is what lies below it. */
export const systemFolder = 'system';

/** In the order in which they lie in the WIM; the names are what `wimapply` and DISM are given. */
export const imageNames = ['system', 'data'] as const;
export type ImageName = (typeof imageNames)[number];

/** What firmware and GRUB read: they know FAT32 only. Everything else lies on the data partition. */
const systemFile = /^(EFI\/|ENROL\.CER$|boot\/(grub\/|vmlinuz$|initramfs\.img$|medium\.cpio$))/;
/** What only optical media and their copies have. */
const opticalOnly = new Set(['boot/grub/boot_hybrid.img', 'boot/grub/loopback.cfg']);

/** A kind's layout with what belongs on the system partition below a folder of its own. */
export function wimFiles(layout: Layout): Layout {
  const { biosImage, efiImage } = layout.boot ?? {};
  const files = layout.files
    .filter(({ path }) => path !== biosImage && path !== efiImage && !opticalOnly.has(path))
    .map((file): LayoutFile => (systemFile.test(file.path) ? { ...file, path: `${systemFolder}/${file.path}` } : file));
  return { ...layout, files: files.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path))) };
}

/** Which image holds a file of the medium, and under which path. */
export function placeInWim(path: string): { readonly image: ImageName; readonly path: string } {
  const prefix = `${systemFolder}/`;
  return path.startsWith(prefix) ? { image: 'system', path: path.slice(prefix.length) } : { image: 'data', path };
}

/** The other way round. */
export function pathOnMedium(image: ImageName, path: string): string {
  return image === 'system' ? `${systemFolder}/${path}` : path;
}
