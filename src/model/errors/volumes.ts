import type { ErrorEntry } from './entry.ts';

/** Media of several discs, sticks with one partition, builds that go on. */
export const volumeErrors = {
  'BW-MEDIA-150': {
    title: 'A file is too large for the medium',
    fix: 'Leave out --single-partition, take a larger --volume-size, or put smaller files into the package.',
    exit: 'input',
  },
  'BW-MEDIA-151': {
    title: 'These options do not go together',
    fix: 'Leave one of them out.',
    exit: 'input',
  },
  'BW-MEDIA-152': {
    title: 'A stick with one partition cannot be updated in place',
    fix: 'Write it anew with `bootwright media write`, or make the medium without --single-partition.',
    exit: 'refused',
  },
  'BW-MEDIA-153': {
    title: 'The size of the volumes cannot be used',
    fix: 'Give a number with M, G, MiB or GiB, or one of cd, dvd, dvd-dl, bd, bd-dl; the first volume holds the boot environment.',
    exit: 'input',
  },
  'BW-MEDIA-154': {
    title: 'The unfinished file beside the output cannot be continued',
    fix: 'Wait for the other build, or remove FILE.part and FILE.part.journal.',
    exit: 'refused',
  },
  'BW-MEDIA-155': {
    title: 'A volume does not belong to this medium',
    fix: 'Give the volumes that were made together: FILE-1.iso, FILE-2.iso and so on.',
    exit: 'failure',
  },
  'BW-AGENT-150': {
    title: 'The disc belongs to another medium',
    fix: 'Insert the volume that is asked for: medium and number stand in its label.',
    exit: 'refused',
  },
  'BW-AGENT-151': {
    title: 'The disc is another volume of this medium',
    fix: 'Insert the volume that is asked for.',
    exit: 'refused',
  },
  'BW-AGENT-152': {
    title: 'The disc is no volume of a medium',
    fix: 'Insert the volume that is asked for.',
    exit: 'refused',
  },
  'BW-AGENT-153': {
    title: 'A volume of the medium was not inserted',
    fix: 'Try the step again with the volume at hand, or start the machine from volume 1 again.',
    exit: 'missing',
  },
  'BW-AGENT-154': {
    title: 'Content that lies on several volumes has no room on this machine',
    fix: 'Format a larger volume before the step that needs it, or make the medium with larger volumes.',
    exit: 'failure',
  },
} as const satisfies Record<string, ErrorEntry>;
