import { createHash } from 'node:crypto';
import type { FoundFile } from '../../formats/volume.ts';
import { WimFault, wimKind } from '../../formats/wim.ts';
import { readWimImages } from '../../formats/wim-reader.ts';
import type { Storage } from '../../host/storage.ts';
import { BootwrightError } from '../../model/error.ts';
import type { MediumReader } from '../medium/files.ts';
import { imageNames, pathOnMedium, systemFolder } from './images.ts';

/** Whether a file is a WIM, ours or not. */
export async function isWim(storage: Pick<Storage, 'read'>): Promise<boolean> {
  return wimKind(await storage.read(0, 8)) !== undefined;
}

/** A prestaged WIM as one medium: what its two images hold, by the paths of its manifest. @throws BW-MEDIA-121 */
export async function openWim(storage: Pick<Storage, 'read' | 'size'>): Promise<MediumReader> {
  const files = await filesOf(storage);
  const byPath = new Map(files.map((file) => [file.path, file]));
  return {
    label: imageNames.join(', '),
    length: storage.size,
    files,
    // Whoever asks for a loader means the one of the system partition.
    file: (path) => byPath.get(path) ?? byPath.get(`${systemFolder}/${path}`),
    bytes: async ({ extents }) =>
      Buffer.concat(await Promise.all(extents.map(({ offset, size }) => storage.read(offset, size)))),
    hash: async ({ extents }, onBytes) => {
      const hash = createHash('sha256');
      for (const { offset, size } of extents)
        for (let done = 0; done < size; ) {
          const piece = await storage.read(offset + done, Math.min(1 << 20, size - done));
          if (piece.length === 0) break;
          hash.update(piece);
          onBytes?.(piece.length);
          done += piece.length;
        }
      return hash.digest('hex');
    },
  };
}

async function filesOf(storage: Pick<Storage, 'read' | 'size'>): Promise<FoundFile[]> {
  try {
    const images = await readWimImages((offset, length) => storage.read(offset, length));
    const files = imageNames.flatMap((name, index) => {
      if (images[index]?.name !== name) throw new WimFault(`image ${index + 1} is not called "${name}"`);
      return images[index].files.map((file) => ({ ...file, path: pathOnMedium(name, file.path) }));
    });
    if (images.length !== imageNames.length) throw new WimFault(`it holds ${images.length} images`);
    return files.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  } catch (error) {
    if (!(error instanceof WimFault)) throw error;
    throw new BootwrightError('BW-MEDIA-121', `This is no prestaged WIM of Bootwright: ${error.message}.`);
  }
}
