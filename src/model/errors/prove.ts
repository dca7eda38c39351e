import type { ErrorEntry } from './entry.ts';

export const proveErrors = {
  'BW-PROVE-001': {
    title: 'The machine did not get there in time',
    fix: 'Look at the last screen and the console log in the folder named; add --show to watch it.',
    exit: 'failure',
  },
  'BW-PROVE-002': {
    title: 'The agent reported a failure',
    fix: 'Read the message and the agent log in the folder named, change the sequence or the image, and make the medium again.',
    exit: 'failure',
  },
  'BW-PROVE-003': {
    title: 'Firmware for this profile is missing',
    fix: 'Install the package ovmf (Debian: apt-get install ovmf), or prove with a bios profile.',
    exit: 'missing',
  },
  'BW-PROVE-004': {
    title: 'The window of the machine cannot be shown here',
    fix: 'Run it in a graphical session, with the package qemu-system-gui installed, or without --show.',
    exit: 'missing',
  },
  'BW-PROVE-005': {
    title: 'The medium asks for a password and none was given',
    fix: 'Add --password-file FILE, or run the command on a terminal and type it.',
    exit: 'input',
  },
  'BW-PROVE-006': {
    title: 'The disk is not what the agent reported',
    fix: 'Keep the folder named: its disk image shows what is wrong. This is an error of a step or of its post-condition.',
    exit: 'failure',
  },
  'BW-PROVE-007': {
    title: 'The virtual machine ended unexpectedly',
    fix: 'Read the last lines of QEMU in the message; the folder named holds the machine.',
    exit: 'failure',
  },
  'BW-PROVE-008': {
    title: 'A disk that is no target was changed',
    fix: 'Do not use this medium: report it with the folder named.',
    exit: 'untrusted',
  },
  'BW-PROVE-009': {
    title: 'A character cannot be typed',
    fix: 'Use characters of the Basic Multilingual Plane or below, and no control characters.',
    exit: 'input',
  },
  'BW-PROVE-010': {
    title: 'A proof does not hold',
    fix: 'Prove the medium again: bootwright media prove FILE.iso.',
    exit: 'untrusted',
  },
  'BW-PROVE-011': {
    title: 'No Debian package source is known on this machine',
    fix: 'Name one with --mirror, e.g. --mirror=file:/srv/mirror/debian.',
    exit: 'missing',
  },
  'BW-PROVE-012': {
    title: 'The machine failed to start its operating system',
    fix: 'Look at the last screen and the console log in the folder named.',
    exit: 'failure',
  },
  'BW-PROVE-013': {
    title: 'This is no medium of Bootwright',
    fix: 'Name an ISO made by `bootwright media create`.',
    exit: 'input',
  },
  'BW-PROVE-030': {
    title: 'The machine of a proof cannot reach a server of the medium',
    fix: 'Name the site with --site. The medium has to name a server by an IPv4 address or a name: make it with --server https://NAME:PORT.',
    exit: 'input',
  },
  'BW-PROVE-031': {
    title: 'Machine and server show different codes',
    fix: 'Somebody is between the two, or the medium was made for another site: make it again from this site.',
    exit: 'untrusted',
  },
  'BW-PROVE-080': {
    title: 'The medium cannot be inserted like that',
    fix: 'Choose a profile that begins with usb-.',
    exit: 'input',
  },
} as const satisfies Record<string, ErrorEntry>;
