import { exfatSizeFor, type PlannedExfat, planExfat } from '../../formats/exfat.ts';
import { fat32SizeFor, planFat32 } from '../../formats/fat32.ts';
import type { PlannedVolume, VolumeFile } from '../../formats/volume.ts';
import { type Layout, type LayoutFile, layoutFileSize } from '../../model/layout.ts';
import type { Hashes } from '../hashes.ts';
import { type UsbGeometry, usbGeometry } from './partitions.ts';
import { contentFolders, systemFiles } from './tree.ts';

/** Everything on the content partition lies below this folder: an update exchanges it as a whole. */
export const contentRoot = 'bootwright';

/** A file of the layout as it lies on the content partition. */
export interface PlacedContent {
  readonly file: LayoutFile;
  readonly path: string;
}

export function contentFiles(layout: Layout, hashes?: Hashes): PlacedContent[] {
  return contentFolders(layout, hashes).flatMap(({ name, place, files }) =>
    files.map((file) => ({ file, path: `${contentRoot}/${name}${file.path.slice(place.length)}` })),
  );
}

export function geometryOf(layout: Layout): UsbGeometry {
  const system = fat32SizeFor(sizes(systemFiles(layout)));
  return usbGeometry(
    system,
    exfatSizeFor(contentFiles(layout).map(({ file, path }) => ({ path, size: layoutFileSize(file) }))),
  );
}

/** The volumes of a USB medium, and the absolute place of every file of the layout. */
export interface UsbVolumes {
  readonly system: PlannedVolume;
  readonly content: PlannedExfat;
  /** Offset on the image by path in the layout; empty files have none. */
  readonly places: ReadonlyMap<string, number>;
}

export function volumesOf(layout: Layout, geometry: UsbGeometry, hashes?: Hashes): UsbVolumes {
  const [first] = geometry.systems;
  const system = systemVolume(layout, first);
  const placed = contentFiles(layout, hashes);
  const { start, size } = geometry.content;
  const named = { label: volumeLabel(layout.label), serial: serialOf(layout.seed, 2), epoch: layout.epoch };
  const root: VolumeFile[] = placed.map(({ file, path }) => ({ path, size: layoutFileSize(file) }));
  // The folder an update exchanges has to be there even when nothing is in it.
  const content = planExfat(root, { ...named, start, size, folders: [contentRoot] });
  const places = new Map<string, number>();
  for (const [path, offset] of system.places) places.set(path, first.start + offset);
  for (const { file, path } of placed) {
    const offset = content.places.get(path);
    if (offset !== undefined) places.set(file.path, start + offset);
  }
  return { system, content, places };
}

/** A system partition. Its empty folders are where the initramfs shows the content. */
export function systemVolume(
  layout: Pick<Layout, 'files' | 'epoch' | 'seed'>,
  { start, size }: { readonly start: number; readonly size: number },
): PlannedVolume {
  const files = sizes(layout.files.filter(({ path }) => !path.startsWith('bootwright/content/')));
  const folders = contentFolders(layout).map(({ place }) => place);
  return planFat32(files, {
    label: 'SYSTEM',
    serial: serialOf(layout.seed, 1),
    epoch: layout.epoch,
    start,
    size,
    folders,
  });
}

export function sharedVolume(
  files: readonly { readonly path: string; readonly bytes: Uint8Array }[],
  layout: Pick<Layout, 'epoch' | 'seed'>,
  { start, size }: { readonly start: number; readonly size: number },
): PlannedVolume {
  const options = { label: 'LOADER', serial: serialOf(layout.seed, 0), epoch: layout.epoch, start, size };
  return planFat32(
    files.map(({ path, bytes }) => ({ path, size: bytes.length })),
    options,
  );
}

/** Eleven characters that every system shows alike. */
export function volumeLabel(label: string): string {
  return label
    .replace(/[^A-Za-z0-9 _-]/g, '_')
    .slice(0, 11)
    .trimEnd();
}

function serialOf(seed: string, index: number): number {
  return (Number.parseInt(seed.slice(0, 8), 16) + index) >>> 0;
}

function sizes(files: readonly LayoutFile[]): VolumeFile[] {
  return files.map((file) => ({ path: file.path, size: layoutFileSize(file) }));
}
