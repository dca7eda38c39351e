import type { ErrorEntry } from './entry.ts';

export const keyErrors = {
  'BW-KEY-001': {
    title: 'The site has no such key',
    fix: 'Make the keys with `bootwright key init`.',
    exit: 'missing',
  },
  'BW-KEY-002': {
    title: 'The private key is not on this machine',
    fix: 'Bring it here with `bootwright key init --from-backup FILE`, or make a new one with `bootwright key rotate`.',
    exit: 'missing',
  },
  'BW-KEY-003': {
    title: 'A private key can be read by others',
    fix: 'Run chmod 600 on the named file (700 on the folder), and rotate the key if others may have read it.',
    exit: 'refused',
  },
  'BW-KEY-004': {
    title: 'A key file is damaged',
    fix: 'Get the file from git or from the backup made with `bootwright key backup`.',
    exit: 'input',
  },
  'BW-KEY-005': {
    title: 'The private key needs its passphrase',
    fix: 'Run the command on a terminal, or give --passphrase-file.',
    exit: 'input',
  },
  'BW-KEY-006': {
    title: 'The passphrase does not open the private key',
    fix: 'Type it again; watch keyboard layout and Caps Lock.',
    exit: 'refused',
  },
  'BW-KEY-007': {
    title: 'The site has keys already',
    fix: 'See them with `bootwright key show`; change them with `bootwright key rotate`.',
    exit: 'refused',
  },
  'BW-KEY-008': {
    title: 'No key fits the fingerprint',
    fix: 'See the fingerprints with `bootwright key show`; give at least eight digits of one.',
    exit: 'input',
  },
  'BW-KEY-009': {
    title: 'There is no such secret',
    fix: 'See the names with `bootwright secret list`; make one with `bootwright secret set NAME`.',
    exit: 'missing',
  },
  'BW-KEY-010': {
    title: 'A secret cannot have this name or value',
    fix: 'Use letters, digits, dot, dash and underscore, starting with a letter or digit; the value must not be empty.',
    exit: 'input',
  },
  'BW-KEY-011': {
    title: 'A secret exists already',
    fix: 'Add --force to replace its value.',
    exit: 'refused',
  },
  'BW-KEY-090': {
    title: 'The file is no key or certificate that can open sealed files',
    fix: 'Give a certificate (PEM, DER or PFX) or public key with RSA of 2,048 to 8,192 bits, X25519, P-256, P-384 or P-521; to open, its private key.',
    exit: 'input',
  },
  'BW-KEY-091': {
    title: 'The password of a key file is wrong',
    fix: 'Type the password the key file or PFX was made with.',
    exit: 'refused',
  },
} as const satisfies Record<string, ErrorEntry>;
