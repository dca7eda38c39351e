import type { ErrorEntry } from './entry.ts';

export const diskErrors = {
  'BW-DISK-001': {
    title: 'No disk fits',
    fix: 'Check that the disk is connected and its controller switched on, or change the rule under `disk:`.',
    exit: 'missing',
  },
  'BW-DISK-002': {
    title: 'The disk is in use',
    fix: 'Restart the machine from the medium and try again.',
    exit: 'refused',
  },
  'BW-DISK-003': {
    title: 'The boot medium is never a target',
    fix: 'Name another disk by serial number under `disk:`.',
    exit: 'refused',
  },
  'BW-DISK-004': {
    title: 'More than one disk fits',
    fix: "Add 'bus: nvme' or a size under `disk:`, or name one disk by serial number.",
    exit: 'refused',
  },
  'BW-DISK-005': {
    title: 'The partitions do not fit on the disk',
    fix: 'Make the partitions smaller, or choose a larger disk.',
    exit: 'input',
  },
  'BW-DISK-006': {
    title: 'The disk does not hold the partition table that was written',
    fix: 'Replace the disk or its cable: it said it had written the table, but did not.',
    exit: 'failure',
  },
  'BW-DISK-007': {
    title: 'The volume does not hold the file system that was created',
    fix: 'Replace the disk or its cable: it said it had written the file system, but did not.',
    exit: 'failure',
  },
  'BW-DISK-008': {
    title: 'There is no such volume',
    fix: 'Check the variable or label that names the volume, and that Format and Partition Disk ran before.',
    exit: 'missing',
  },
  'BW-DISK-009': {
    title: 'A volume cannot be mounted',
    fix: 'Format the volume again; if that does not help, test the disk.',
    exit: 'failure',
  },
  'BW-DISK-010': {
    title: 'The partition table cannot be read',
    fix: 'Format the disk with Format and Partition Disk.',
    exit: 'failure',
  },
} as const satisfies Record<string, ErrorEntry>;
