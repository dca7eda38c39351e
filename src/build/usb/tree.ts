import { createHash } from 'node:crypto';
import { type Layout, type LayoutFile, layoutFileSize } from '../../model/layout.ts';
import type { Hashes } from '../hashes.ts';

/** Which folder of the content partition stands for which folder of the medium: read by the initramfs, and signed. */
export const contentListPath = 'bootwright/content.list';

const contentFile = /^(bootwright\/content\/([^/]+))\/(.+)$/;

/** What lies only on optical media, or in the part of a stick that is shared by both systems. */
export function usbFiles(layout: Layout): Layout {
  const files = withoutOpticalFiles(layout).files.filter(({ path }) => !path.startsWith('EFI/'));
  const loaders = layout.files.filter(({ path }) => path.startsWith('EFI/BOOT/'));
  return { ...layout, files, loaders };
}

/** Without what starts discs, and ISO files in boot menus. */
export function withoutOpticalFiles(layout: Layout): Layout {
  const { biosImage, efiImage } = layout.boot ?? {};
  const optical = new Set([biosImage, efiImage, 'boot/grub/boot_hybrid.img', 'boot/grub/loopback.cfg']);
  return { ...layout, files: layout.files.filter(({ path }) => !optical.has(path)) };
}

/** A content object on the medium. */
export interface ContentFolder {
  /** Name on the content partition; another content has another name, so an update never touches what is in use. */
  readonly name: string;
  /** Folder on the medium: `bootwright/content/<ID>`. */
  readonly place: string;
  readonly files: readonly LayoutFile[];
}

/** The content objects of a layout, with names of their final length; the names are final once hashes are known. */
export function contentFolders(layout: Pick<Layout, 'files'>, hashes?: Hashes): ContentFolder[] {
  const folders = new Map<string, { place: string; id: string; files: LayoutFile[] }>();
  for (const file of layout.files) {
    const [, place, id] = contentFile.exec(file.path) ?? [];
    if (place === undefined || id === undefined) continue;
    const folder = folders.get(id) ?? { place, id, files: [] };
    folders.set(id, folder);
    folder.files.push(file);
  }
  return [...folders.values()].map(({ place, id, files }) => ({ name: `${id}-${tag(files, hashes)}`, place, files }));
}

/** Eight digits of what the folder holds. */
function tag(files: readonly LayoutFile[], hashes: Hashes | undefined): string {
  if (hashes === undefined) return '0'.repeat(8);
  const list = files.map((file) => [file.path, layoutFileSize(file), hashes.get(file.path)]);
  return createHash('sha256').update(JSON.stringify(list)).digest('hex').slice(0, 8);
}

/** A line per folder: its name on the content partition, a space, where the medium has it. */
export function contentList(layout: Layout, hashes?: Hashes): LayoutFile {
  const lines = contentFolders(layout, hashes).map(({ name, place }) => `${name} ${place}\n`);
  return { path: contentListPath, bytes: Buffer.from(lines.join('')) };
}

/** Everything that lies on the system partition. */
export function systemFiles(layout: Layout): readonly LayoutFile[] {
  return layout.files.filter(({ path }) => !contentFile.test(path));
}
