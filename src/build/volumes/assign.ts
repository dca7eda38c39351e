import { isoBlock } from '../../formats/iso9660.ts';
import { BootwrightError } from '../../model/error.ts';
import { formatBytes } from '../../model/quantity.ts';

interface SizedFile {
  readonly path: string;
  readonly size: number;
}

/** A content object, in the order of its first use. */
export interface AssignedContent {
  readonly id: string;
  readonly files: readonly SizedFile[];
}

/** Which file lies on which volume; all others lie on the first. */
export interface Assignment {
  readonly count: number;
  /** Path → volume from 2 on. */
  readonly elsewhere: ReadonlyMap<string, number>;
}

/** Directories, descriptors, padding, and the volume's own lists, whose length depends on how many files there are. */
const fixedBytes = 2 * 1024 * 1024;

function roomOf({ size }: SizedFile): number {
  return Math.ceil(size / isoBlock) * isoBlock + 2048;
}

/** Bytes of the largest file an empty volume takes. */
export function largestOnVolume(volumeSize: number): number {
  return volumeSize - fixedBytes - 4096;
}

/**
 * First fit, in the order of use: what is used first lies in front, and gaps are filled with what is used later. A content
 * object stays together where a volume can hold it, else it goes on with its next file on the next volume.
 *
 * @throws BW-MEDIA-153 what every start needs does not fit the first volume, BW-MEDIA-150 one file does not fit any
 */
export function assignVolumes(
  always: readonly SizedFile[],
  content: readonly AssignedContent[],
  volumeSize: number,
): Assignment {
  const room = volumeSize - fixedBytes;
  const first = always.reduce((sum, file) => sum + roomOf(file), 0);
  if (first > room)
    throw new BootwrightError(
      'BW-MEDIA-153',
      `What starts a machine takes ${formatBytes(first + fixedBytes)}, and a volume has ${formatBytes(volumeSize)}. Nothing was written.`,
    );
  const free = [room - first];
  const elsewhere = new Map<string, number>();
  const place = (files: readonly SizedFile[], from = 0): number => {
    const needed = files.reduce((sum, file) => sum + roomOf(file), 0);
    let index = free.findIndex((left, at) => at >= from && left >= needed);
    if (index < 0) index = free.push(room) - 1;
    free[index] = (free[index] ?? 0) - needed;
    if (index > 0) for (const { path } of files) elsewhere.set(path, index + 1);
    return index;
  };
  for (const { files } of content) {
    const whole = files.reduce((sum, file) => sum + roomOf(file), 0);
    if (whole <= room) {
      place(files);
      continue;
    }
    // Never back to an earlier volume: whoever gathers it inserts each once.
    let at = 0;
    for (const file of files) {
      if (roomOf(file) > room)
        throw new BootwrightError(
          'BW-MEDIA-150',
          `${file.path} has ${formatBytes(file.size)}, and a volume ${formatBytes(volumeSize)}. Nothing was written.`,
        );
      at = place([file], at);
    }
  }
  return { count: free.length, elsewhere };
}
