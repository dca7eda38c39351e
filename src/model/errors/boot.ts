import type { ErrorEntry } from './entry.ts';

export const bootErrors = {
  'BW-BOOT-001': {
    title: 'No Debian package source is known',
    fix: 'Name a Debian mirror with --mirror, or add one to apt’s sources.',
    exit: 'missing',
  },
  'BW-BOOT-002': {
    title: 'Packages for the boot image cannot be resolved or downloaded',
    fix: 'Check the network and the mirror; a proxy is taken from apt’s own settings. NO_PUBKEY: update the package debian-archive-keyring.',
    exit: 'missing',
  },
  'BW-BOOT-003': {
    title: 'A package is not the one it should be',
    fix: 'Remove the named file and build again; with a package lock, renew the lock.',
    exit: 'untrusted',
  },
  'BW-BOOT-004': {
    title: 'A kernel module is not signed',
    fix: 'Use a signed module, or build with --no-secure-boot: the image then starts only where Secure Boot is off.',
    exit: 'refused',
  },
  'BW-BOOT-005': {
    title: 'A kernel module or firmware is not there',
    fix: 'Check the name; `bootwright boot-image hardware NAME` lists what an image drives.',
    exit: 'input',
  },
  'BW-BOOT-006': {
    title: 'There is no boot image in the folder',
    fix: 'Build one: bootwright boot-image build NAME',
    exit: 'missing',
  },
  'BW-BOOT-007': {
    title: 'A boot image is damaged or of an unknown format',
    fix: 'Build it again: bootwright boot-image build NAME',
    exit: 'input',
  },
  'BW-BOOT-008': {
    title: 'An option of a boot image is not usable',
    fix: 'See `bootwright boot-image build --help`.',
    exit: 'input',
  },
  'BW-BOOT-009': {
    title: 'A part of the boot environment is incomplete',
    fix: 'Please report this with the list of packages the build printed.',
    exit: 'failure',
  },
  'BW-BOOT-010': {
    title: 'This copy of Bootwright lacks the agent or the Node that boot images carry',
    fix: 'Run `npm ci && npm run build` in the folder Bootwright was installed to.',
    exit: 'missing',
  },
  'BW-BOOT-060': {
    title: 'A boot image would hold a secret that everybody can read',
    fix: 'Store it with `bootwright secret set NAME` and use it in a step of a sequence: policies are encrypted, boot images are not.',
    exit: 'refused',
  },
  'BW-BOOT-090': {
    title: 'The key for Secure Boot cannot be used',
    fix: 'Make one: openssl req -new -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/CN=NAME/" -keyout secure-boot.key -out secure-boot.pem',
    exit: 'input',
  },
} as const satisfies Record<string, ErrorEntry>;
