import { copyExtents } from '../build/usb/extents.ts';
import { createStorage } from '../host/storage.ts';
import type { Progress } from '../model/progress.ts';
import { openStagingMedium } from '../staging/medium.ts';

/** Lays a prestaged WIM on the empty disk of a machine, as the staging station does. @throws as `openStagingMedium` */
export async function layDisk(
  medium: string,
  disk: { readonly file: string; readonly size: number },
  folder: string,
  progress: Progress,
  signal?: AbortSignal,
): Promise<void> {
  const source = await openStagingMedium(medium, folder, progress, signal);
  const target = await createStorage(disk.file, disk.size);
  try {
    const { starts, pieces, head } = await source.plan(disk.size);
    for (const [index, { storage, extents }] of source.sections.entries()) {
      const start = starts[index] ?? 0;
      const places = extents.map(({ offset, size }) => ({ offset: start + offset, size }));
      await copyExtents({ ...target, read: storage.read }, extents, target, places, {
        onlyChanged: false,
        onBytes: () => signal?.throwIfAborted(),
      });
    }
    for (const { offset, bytes } of pieces) await target.write(offset, bytes);
    await target.write(0, head);
    await target.flush();
  } finally {
    await target.close();
    await source.close();
  }
}
