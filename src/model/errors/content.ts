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
  'BW-CONTENT-030': {
    title: 'A file of the content library is damaged',
    fix: 'Restore the named file from a backup; or remove it and add the content again. Until then nothing is collected.',
    exit: 'untrusted',
  },
  'BW-CONTENT-031': {
    title: 'Content is not what its hash says',
    fix: 'Transfer the file again. If it happens again, the copy it came from is damaged or was changed.',
    exit: 'untrusted',
  },
  'BW-CONTENT-032': {
    title: 'The content library does not hold what is asked for',
    fix: 'Add it with `bootwright content add ID`; `bootwright content list` shows what there is.',
    exit: 'missing',
  },
  'BW-CONTENT-033': {
    title: 'Files of the content library disappeared while content was added',
    fix: 'Start again. Run `content gc` with a shorter --older-than only while nothing is being added.',
    exit: 'failure',
  },
  'BW-CONTENT-034': {
    title: 'Files of the content library are damaged or missing',
    fix: 'Add the named content again with `bootwright content verify --repair`, or restore it from a prestage file.',
    exit: 'untrusted',
  },
  'BW-CONTENT-035': {
    title: 'Content is still needed',
    fix: 'Take the reference out of the sequence that is named, or add --force.',
    exit: 'refused',
  },
  'BW-CONTENT-036': {
    title: 'An application depends on one that the site does not have',
    fix: 'Write applications/ID.yaml, or take the ID out of the dependencies.',
    exit: 'input',
  },
  'BW-CONTENT-037': {
    title: 'Applications depend on each other in a circle',
    fix: 'Take one of the dependencies out.',
    exit: 'input',
  },
  'BW-CONTENT-038': {
    title: 'Content of the site cannot be added as it is',
    fix: 'Run: bootwright check. It names everything that is wrong, with line and column.',
    exit: 'input',
  },
  'BW-CONTENT-039': {
    title: 'A prestage file is not signed by a key that is believed here',
    fix: 'Put the public key of the site that made it into keys/, after comparing its fingerprint with a person there.',
    exit: 'untrusted',
  },
  'BW-CONTENT-040': {
    title: 'A prestage file is damaged or incomplete',
    fix: 'Transfer it again, and compare its SHA-256 with the one that `content prestage export` printed.',
    exit: 'untrusted',
  },
  'BW-CONTENT-041': {
    title: 'Two sites have different content under the same version',
    fix: 'Remove the version here (`bootwright content remove ID@VERSION`), or rename the content on one side.',
    exit: 'refused',
  },
  'BW-CONTENT-042': {
    title: 'A folder or address cannot stand in a configuration of nginx',
    fix: 'Use a path without spaces, quotes, backslashes, semicolons, braces and dollar signs; a symbolic link will do.',
    exit: 'input',
  },
  'BW-CONTENT-044': {
    title: 'A web server does not take content',
    fix: 'It has to allow HEAD and PUT at that address (nginx: dav_methods PUT; create_full_put_path on). --header-file holds what it asks for.',
    exit: 'failure',
  },
  'BW-CONTENT-045': {
    title: 'Confidential content is not in the content library',
    fix: 'Run: bootwright content add ID. Machines and media get it only from there, encrypted.',
    exit: 'input',
  },
  'BW-CONTENT-046': {
    title: 'Content was changed in the site after it was stored in the library',
    fix: 'Run: bootwright content update ID. Machines get what the library holds.',
    exit: 'input',
  },
  'BW-CONTENT-047': {
    title: 'Confidential content is encrypted to another key',
    fix: 'Run: bootwright content update ID. It is encrypted to the content key of now.',
    exit: 'input',
  },
  'BW-CONTENT-300': {
    title: 'Content is of another kind than what is wanted',
    fix: 'Name content of the right kind: bootwright content list shows them.',
    exit: 'input',
  },
  'BW-CONTENT-301': {
    title: 'A package does not have the program that is wanted',
    fix: 'Name a program of package.yaml, or describe it there under "programs".',
    exit: 'input',
  },
} as const satisfies Record<string, ErrorEntry>;
