import type { ErrorEntry } from './entry.ts';

export const trustErrors = {
  'BW-TRUST-001': {
    title: 'The header of a sealed file is damaged',
    fix: 'Write the medium again from its ISO, or make it again; no password opens this copy.',
    exit: 'untrusted',
  },
  'BW-TRUST-002': {
    title: 'The password does not open the sealed file',
    fix: 'Type it again; watch the keyboard layout shown beside the prompt, Caps Lock and Num Lock.',
    exit: 'refused',
  },
  'BW-TRUST-003': {
    title: 'The body of a sealed file is damaged',
    fix: 'The password is right, the content is not what was sealed: write the medium again from its ISO.',
    exit: 'untrusted',
  },
  'BW-TRUST-004': {
    title: 'A sealed file cannot be made like this',
    fix: 'Give between one and eight passwords, recovery keys and recipients together, no password empty.',
    exit: 'input',
  },
  'BW-TRUST-005': {
    title: 'This Node cannot open sealed files',
    fix: 'Use Node 24.15 or newer: older ones have no Argon2.',
    exit: 'missing',
  },
  'BW-TRUST-006': {
    title: 'The manifest is malformed',
    fix: 'Make the medium again; do not edit files on it.',
    exit: 'untrusted',
  },
  'BW-TRUST-007': {
    title: 'The manifest was signed by a key that is not trusted here',
    fix: 'Check who made this medium. `bootwright key show` lists the keys your site trusts.',
    exit: 'untrusted',
  },
  'BW-TRUST-008': {
    title: 'The manifest does not fit its signature',
    fix: 'Write the medium again from its ISO; if that does not help, the ISO itself was changed.',
    exit: 'untrusted',
  },
  'BW-TRUST-009': {
    title: 'The manifest was signed by a revoked key',
    fix: 'Make the medium again: it is signed with the active key then.',
    exit: 'untrusted',
  },
  'BW-TRUST-010': {
    title: 'The manifest belongs to another medium',
    fix: 'Files of two media were mixed. Write the medium again from its ISO to an empty stick.',
    exit: 'untrusted',
  },
  'BW-TRUST-011': {
    title: 'The medium has files that its manifest does not list',
    fix: 'Remove the named files, or write the medium again from its ISO.',
    exit: 'untrusted',
  },
  'BW-TRUST-012': {
    title: 'Files are missing from the medium',
    fix: 'Write the medium again from its ISO: it was copied only in part.',
    exit: 'untrusted',
  },
  'BW-TRUST-013': {
    title: 'A file on the medium was changed',
    fix: 'Write the medium again from its ISO. If it happens again, replace the stick.',
    exit: 'untrusted',
  },
  'BW-TRUST-014': {
    title: 'The sealed part and the manifest do not belong together',
    fix: 'The manifest or the sealed part comes from another (perhaps older) medium. Write the medium again from its ISO.',
    exit: 'untrusted',
  },
  'BW-TRUST-015': {
    title: 'An encrypted file is damaged',
    fix: 'Get the file from a backup or from git, or set the secret again.',
    exit: 'untrusted',
  },
  'BW-TRUST-016': {
    title: 'No key on this machine opens the encrypted file',
    fix: 'Bring the sealing key here with `bootwright key init --from-backup FILE`, or set the secret again.',
    exit: 'missing',
  },
  'BW-TRUST-017': {
    title: 'The TPM cannot be reached',
    fix: 'Switch the TPM on in the firmware set-up, or go on without: passwords are asked again after a restart.',
    exit: 'missing',
  },
  'BW-TRUST-018': {
    title: 'The TPM refused a command',
    fix: 'If the TPM has an owner password, clear the TPM in the firmware set-up, or go on without it.',
    exit: 'failure',
  },
  'BW-TRUST-019': {
    title: 'The TPM cannot open what was sealed',
    fix: 'It was sealed by another TPM, the TPM was cleared since, or the file is damaged: start the deployment again.',
    exit: 'untrusted',
  },
  'BW-TRUST-090': {
    title: 'The password is too weak',
    fix: 'Take four random words or twelve random characters; `passwords` in site.yaml says what the site asks for.',
    exit: 'refused',
  },
  'BW-TRUST-091': {
    title: 'The password does not open a file of Configuration Manager',
    fix: 'Type the password the medium was made with; if it is right, the file is damaged.',
    exit: 'refused',
  },
} as const satisfies Record<string, ErrorEntry>;
