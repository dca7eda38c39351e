import type { ErrorEntry } from './entry.ts';

/** What can go wrong on the target. The reader stands in front of a machine, so the advice names keys and media. */
export const agentErrors = {
  'BW-AGENT-001': {
    title: 'The date is outside the time in which this medium may be used',
    fix: 'Check the clock of this machine (F2 sets it); when the clock is right, make a new medium.',
    exit: 'refused',
  },
  'BW-AGENT-002': {
    title: 'The medium cannot be read',
    fix: 'Insert it again, or try another port, stick or drive.',
    exit: 'missing',
  },
  'BW-AGENT-004': {
    title: 'The state of an interrupted run cannot be used',
    fix: 'Start the medium again and start anew; the disk is then erased.',
    exit: 'failure',
  },
  'BW-AGENT-005': {
    title: 'The saved secrets of an interrupted run cannot be opened',
    fix: 'Start the medium again and start anew; the disk is then erased.',
    exit: 'untrusted',
  },
  'BW-AGENT-006': {
    title: 'The time in which this run had to end is over',
    fix: 'Make a new medium and start again.',
    exit: 'refused',
  },
  'BW-AGENT-007': {
    title: 'No stick to save the logs on was found',
    fix: 'Insert a stick with a FAT, exFAT or ext4 file system and press L again.',
    exit: 'missing',
  },
  'BW-AGENT-008': {
    title: 'An unexpected fault of the agent',
    fix: 'Save the logs (L) and report them; starting the machine again is safe.',
    exit: 'failure',
  },
  'BW-AGENT-009': {
    title: 'The disk did not start although the run goes on there',
    fix: 'Choose the disk in the boot menu of the firmware once; the run then goes on by itself.',
    exit: 'failure',
  },
} as const satisfies Record<string, ErrorEntry>;
