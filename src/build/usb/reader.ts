import { createHash } from 'node:crypto';
import type { FoundFile } from '../../formats/volume.ts';
import type { Storage } from '../../host/storage.ts';
import type { MediumReader } from '../medium/files.ts';

/** Files of a medium by their places on a disk. */
export function storageReader(
  storage: Pick<Storage, 'read' | 'size'>,
  files: readonly FoundFile[],
): Omit<MediumReader, 'label' | 'shared'> {
  const byPath = new Map(files.map((file) => [file.path, file]));
  return {
    ...{ length: storage.size, files },
    file: (path) => byPath.get(path),
    bytes: async ({ extents }) =>
      Buffer.concat(await Promise.all(extents.map(({ offset, size }) => storage.read(offset, size)))),
    hash: async ({ extents }, onBytes) => {
      const hash = createHash('sha256');
      for (const { offset, size } of extents) {
        for (let done = 0; done < size; ) {
          const piece = await storage.read(offset + done, Math.min(1 << 20, size - done));
          if (piece.length === 0) break;
          hash.update(piece);
          onBytes?.(piece.length);
          done += piece.length;
        }
      }
      return hash.digest('hex');
    },
  };
}
