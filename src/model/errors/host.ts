import type { ErrorEntry } from './entry.ts';

export const hostErrors = {
  'BW-HOST-001': {
    title: 'A host tool is missing',
    fix: 'Install the named package; `bootwright doctor` lists all of them.',
    exit: 'missing',
  },
  'BW-HOST-002': {
    title: 'A host tool failed',
    fix: 'Read the last lines of its output in the message; the full log lies where the message says.',
    exit: 'failure',
  },
  'BW-HOST-003': {
    title: 'A host tool took too long and was ended',
    fix: 'Try again on a less busy machine.',
    exit: 'failure',
  },
  'BW-HOST-004': {
    title: 'Not enough free space',
    fix: 'Free the named amount, or choose another folder.',
    exit: 'missing',
  },
  'BW-HOST-005': {
    title: 'The output exists already',
    fix: 'Name another output, or add --force to replace it.',
    exit: 'refused',
  },
  'BW-HOST-006': {
    title: 'Interrupted',
    fix: 'Run the same command again: finished parts are reused.',
    exit: 'interrupted',
  },
  'BW-HOST-007': { title: 'A file cannot be read', fix: 'Check the path and its permissions.', exit: 'input' },
  'BW-HOST-008': {
    title: 'Something has to be asked and there is no terminal',
    fix: 'Give the flag that the message names, or run the command in a terminal.',
    exit: 'input',
  },
  'BW-HOST-009': {
    title: 'A new password was entered twice, differently',
    fix: 'Run the command again and enter the same password twice.',
    exit: 'input',
  },
  'BW-HOST-010': {
    title: 'An unknown error code was asked for',
    fix: '`bootwright errors` without a code lists all of them.',
    exit: 'input',
  },
  'BW-HOST-011': {
    title: 'A password or secret cannot be used as it is',
    fix: 'Give a UTF-8 text file that holds the secret and nothing else; one newline at its end is ignored.',
    exit: 'input',
  },
  'BW-HOST-060': {
    title: 'A wake-up packet cannot be sent',
    fix: 'Connect a network adapter with an IPv4 address, or name the subnet with --subnet 10.1.2.0/24; directed broadcasts have to be let through by its router.',
    exit: 'failure',
  },
  'BW-HOST-080': {
    title: 'A device cannot be read or written',
    fix: 'Try another port or reader. If the message comes again at the same place, the device is worn out: take another one.',
    exit: 'failure',
  },
  'BW-HOST-081': {
    title: 'The device is in use',
    fix: 'Unmount its file systems and close what uses it, then run the same command again.',
    exit: 'refused',
  },
  'BW-HOST-090': {
    title: 'Encrypted content cannot be made readable',
    fix: 'Build the boot image again with this version; it needs the kernel module fuse and root.',
    exit: 'failure',
  },
  'BW-HOST-110': {
    title: 'A name has no address',
    fix: 'Check the spelling and the name server, or give the address itself.',
    exit: 'missing',
  },
} as const satisfies Record<string, ErrorEntry>;
