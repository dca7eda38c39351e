import { createHash } from 'node:crypto';
import { type WimBlob, type WimImage, wimBlobTable, wimHeader, wimMetadata, wimXml } from '../../formats/wim-writer.ts';
import { type Layout, layoutFileSize } from '../../model/layout.ts';
import { imageNames, placeInWim, systemFolder } from './images.ts';

/** SHA-1 of every file that has content, by path on the medium: WIMs know their contents by it. */
export type ContentSums = ReadonlyMap<string, Uint8Array>;

const headerSize = 208;

/** Where the contents lie: behind the header, in the order of the paths. Known before a byte is read. */
export function contentPlaces(layout: Layout): { readonly places: ReadonlyMap<string, number>; readonly end: number } {
  const places = new Map<string, number>();
  let end = headerSize;
  for (const file of layout.files) {
    const size = layoutFileSize(file);
    // Empty files have no content a WIM would know.
    if (size === 0) continue;
    places.set(file.path, end);
    end += size;
  }
  return { places, end };
}

/** What stands around the contents: the header in front; directories, table of contents and XML data behind them. */
export function wimStructures(
  layout: Layout,
  sums: ContentSums,
): readonly { readonly offset: number; readonly bytes: Buffer }[] {
  const { places, end } = contentPlaces(layout);
  const images = imagesOf(layout, sums);
  const pieces: { offset: number; bytes: Buffer }[] = [];
  let offset = end;
  const append = (bytes: Buffer): { offset: number; size: number } => {
    const range = { offset, size: bytes.length };
    pieces.push({ offset, bytes });
    offset += bytes.length;
    return range;
  };
  const metadata = images.map((image): WimBlob => {
    const bytes = wimMetadata(image, layout.epoch);
    return { ...append(bytes), sha1: createHash('sha1').update(bytes).digest(), references: 1 };
  });
  const blobTable = append(wimBlobTable(blobsOf(layout, sums, places), metadata));
  const xml = append(wimXml(images, offset, layout.epoch));
  const guid = Buffer.from(layout.seed.slice(0, 32), 'hex');
  return [{ offset: 0, bytes: wimHeader({ guid, images: images.length, blobTable, xml }) }, ...pieces];
}

/** Bytes of the whole WIM; all that depends on sums has the same length for every sum. */
export function wimSize(layout: Layout): number {
  const last = wimStructures(layout, new Map()).at(-1);
  return last === undefined ? 0 : last.offset + last.bytes.length;
}

function imagesOf(layout: Layout, sums: ContentSums): WimImage[] {
  const descriptions = { system: 'EFI system partition', data: 'Data partition' };
  return imageNames.map((name) => ({
    name,
    description: `${layout.label}: ${descriptions[name]}`,
    files: layout.files.flatMap((file) => {
      const place = placeInWim(file.path);
      const sha1 = sums.get(file.path);
      if (place.image !== name) return [];
      return [{ path: place.path, size: layoutFileSize(file), ...(sha1 === undefined ? {} : { sha1 }) }];
    }),
    // Here the boot environment shows the system partition.
    folders: name === 'data' ? [systemFolder] : [],
  }));
}

/** Equal contents are one entry, of which the first place counts. */
function blobsOf(layout: Layout, sums: ContentSums, places: ReadonlyMap<string, number>): WimBlob[] {
  const blobs = new Map<string, WimBlob>();
  for (const [index, file] of layout.files.entries()) {
    const offset = places.get(file.path);
    if (offset === undefined) continue;
    const sha1 = sums.get(file.path);
    // As long as nothing was hashed all contents count as different.
    const key = sha1 === undefined ? String(index) : Buffer.from(sha1).toString('hex');
    const known = blobs.get(key);
    const blob = { offset, size: layoutFileSize(file), sha1: sha1 ?? new Uint8Array(20), references: 1 };
    blobs.set(key, known === undefined ? blob : { ...known, references: known.references + 1 });
  }
  return [...blobs.values()];
}
