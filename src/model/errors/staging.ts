import type { ErrorEntry } from './entry.ts';

export const stagingErrors = {
  'BW-STAGING-001': {
    title: 'The file of bays cannot be used',
    fix: 'Write one line per bay, e.g. `A1: /dev/disk/by-path/pci-0000:00:17.0-ata-1`, below `bays:`.',
    exit: 'input',
  },
  'BW-STAGING-002': {
    title: 'A disk that is needed here can never be a bay',
    fix: 'Put another disk into that bay. What is mounted has to be unmounted first; the disks of the system, the site, the medium and the records are never written.',
    exit: 'refused',
  },
  'BW-STAGING-003': {
    title: 'The disk does not fit the medium',
    fix: 'Take a disk that is large enough, is not write-protected, and has sectors of 512 bytes.',
    exit: 'refused',
  },
  'BW-STAGING-004': {
    title: 'The disk holds data, and nobody allowed to erase it',
    fix: 'Type `erase BAY` while the station runs, or name the disk with --yes-erase.',
    exit: 'refused',
  },
  'BW-STAGING-005': {
    title: 'The disk says that it is failing',
    fix: 'Take another disk. --ignore-smart lays it all the same.',
    exit: 'refused',
  },
  'BW-STAGING-006': {
    title: 'The disk has no asset tag',
    fix: 'Add a line with its serial to the file of assets, or scan its tag with --scan.',
    exit: 'input',
  },
  'BW-STAGING-007': {
    title: 'An asset tag stands for another disk already',
    fix: 'Scan the tag of this disk; `bootwright staging list` shows which disk has that one.',
    exit: 'input',
  },
  'BW-STAGING-008': {
    title: 'The disk was pulled out before it was done',
    fix: 'Insert it again: it is laid from the start, without another question.',
    exit: 'failure',
  },
  'BW-STAGING-009': {
    title: 'The disk gives back other bytes than were written',
    fix: 'Take another disk, port or cable: this one is broken. It was not made startable.',
    exit: 'failure',
  },
  'BW-STAGING-010': {
    title: 'The disk could not be wiped',
    fix: 'Where discarding is not supported, use --wipe zero.',
    exit: 'failure',
  },
  'BW-STAGING-011': {
    title: 'This cannot be laid on disks',
    fix: 'Name a prestaged WIM (images system and data), a USB image, an ISO or the image of a whole disk.',
    exit: 'input',
  },
  'BW-STAGING-012': {
    title: 'Not all disks were laid',
    fix: 'Read the line of each bay that failed; `bootwright errors CODE` explains it. The other disks are fine.',
    exit: 'failure',
  },
  'BW-STAGING-013': {
    title: 'A custody record is not what was signed',
    fix: 'Do not trust it: compare with a copy, or lay the disk again.',
    exit: 'untrusted',
  },
  'BW-STAGING-014': {
    title: 'It is not clear which disk is meant',
    fix: 'Name it PATH=SIZE (bytes), as the message shows; serials of some adapters are empty or equal.',
    exit: 'input',
  },
} as const satisfies Record<string, ErrorEntry>;
