import type { ErrorEntry } from './entry.ts';

export const contentErrors = {
  'BW-CONTENT-001': {
    title: 'Content that a sequence names is not in the site',
    fix: 'Put the image under images/ID.wim or the package in the folder packages/ID, or correct the ID.',
    exit: 'missing',
  },
  'BW-CONTENT-002': {
    title: 'A file is not a WIM',
    fix: 'Give a file written by wimlib, DISM or a Windows medium (install.wim, install.esd).',
    exit: 'input',
  },
  'BW-CONTENT-003': {
    title: 'A WIM is damaged or incomplete',
    fix: 'Copy or capture it again; `wimlib-imagex verify FILE` says more.',
    exit: 'untrusted',
  },
  'BW-CONTENT-004': {
    title: 'A WIM is one part of several',
    fix: 'Join the parts: wimlib-imagex join WHOLE.wim PART*.swm',
    exit: 'input',
  },
  'BW-CONTENT-005': {
    title: 'A WIM does not hold the image that is asked for',
    fix: 'Use one of the indexes the message lists.',
    exit: 'input',
  },
  'BW-CONTENT-006': {
    title: 'A package holds something that cannot go on a medium',
    fix: 'Replace links by the files they point to; remove devices, sockets and pipes.',
    exit: 'input',
  },
  'BW-CONTENT-007': {
    title: 'Content changed while it was read',
    fix: 'Wait until the program that writes it has finished, then start again.',
    exit: 'failure',
  },
} as const satisfies Record<string, ErrorEntry>;
