import type { ErrorEntry } from './entry.ts';

export const mediaErrors = {
  'BW-MEDIA-001': {
    title: 'A medium without a password would hold secrets',
    fix: 'Give a password (--password-file, or answer the prompt), or remove the secrets from the sequence.',
    exit: 'refused',
  },
  'BW-MEDIA-002': {
    title: 'A step cannot run from this kind of medium',
    fix: 'Disable or remove the step, or deploy over the network.',
    exit: 'input',
  },
  'BW-MEDIA-003': {
    title: 'There is no boot image for the medium',
    fix: 'Build one: bootwright boot-image build default',
    exit: 'missing',
  },
  'BW-MEDIA-004': {
    title: 'The label cannot be used',
    fix: 'Use 1 to 32 of the characters A-Z, a-z, 0-9, space, underscore, hyphen and full stop.',
    exit: 'input',
  },
  'BW-MEDIA-005': {
    title: 'The output cannot be written there',
    fix: 'Name a file in a folder that exists, ending in .iso, or in .img for a USB image.',
    exit: 'input',
  },
  'BW-MEDIA-007': {
    title: 'What was written does not read back as planned',
    fix: 'Check the disk the output lies on, then run the same command again. Nothing was left under the output name.',
    exit: 'failure',
  },
  'BW-MEDIA-008': {
    title: 'A variable cannot be set like this',
    fix: 'Write NAME=VALUE; put secret values into a file and give --variables-file.',
    exit: 'input',
  },
  'BW-MEDIA-009': {
    title: 'The medium would never start',
    fix: 'Give dates that lie around the time of use, or none.',
    exit: 'input',
  },
  'BW-MEDIA-010': {
    title: 'The file is not a whole ISO or USB image',
    fix: 'Name an ISO or a USB image; if it was copied, compare its size with the original.',
    exit: 'input',
  },
  'BW-MEDIA-011': {
    title: 'The medium is not one of ours',
    fix: 'Name a file made by `bootwright media create`.',
    exit: 'input',
  },
  'BW-MEDIA-012': {
    title: 'The medium is not what its maker signed',
    fix: 'Do not use it. Take the ISO from where it was made, or make it again.',
    exit: 'untrusted',
  },
  'BW-MEDIA-014': {
    title: 'The boot image is damaged',
    fix: 'Build it again: bootwright boot-image build NAME',
    exit: 'untrusted',
  },
  'BW-MEDIA-030': {
    title: 'No machine could reach this server',
    fix: 'Give --server https://NAME:PORT as machines see the server, several times for several; subnets behind commas say who asks it first.',
    exit: 'input',
  },
  'BW-MEDIA-031': {
    title: 'The authority of the servers cannot be used',
    fix: 'Name a file with the certificate (PEM) that issued those of the servers, or leave --authority out for the authority of the site.',
    exit: 'input',
  },
  'BW-MEDIA-032': {
    title: 'What is to be written about the medium is too long',
    fix: 'Shorten it: 50 characters for who made it, 32 for the version, 127 for the comment, on one line.',
    exit: 'input',
  },
  'BW-MEDIA-081': {
    title: 'It is no USB medium of ours, or a damaged one',
    fix: 'Name an image made by `bootwright media create … --output FILE.img`, or a stick it was written to; write a damaged stick again.',
    exit: 'input',
  },
  'BW-MEDIA-082': {
    title: 'It is not clear which stick is meant',
    fix: 'Run `bootwright media write FILE` without a stick: it lists all with the names to use.',
    exit: 'refused',
  },
  'BW-MEDIA-083': {
    title: 'The stick cannot be written',
    fix: 'Take another stick, or do what the message asks for.',
    exit: 'refused',
  },
  'BW-MEDIA-084': {
    title: 'The stick does not hold what it says',
    fix: 'It is a fake or broken: do not use it for anything.',
    exit: 'failure',
  },
  'BW-MEDIA-085': {
    title: 'The stick gives back other bytes than were written',
    fix: 'Try another port; if it happens again, the stick is worn out: take another one.',
    exit: 'failure',
  },
  'BW-MEDIA-086': {
    title: 'The stick has no room for the update',
    fix: 'Write the medium anew with `bootwright media write`, or take a larger stick.',
    exit: 'refused',
  },
  'BW-MEDIA-087': {
    title: 'A locked medium cannot be updated in place',
    fix: 'Write the new medium to the stick with `bootwright media write`.',
    exit: 'refused',
  },
  'BW-MEDIA-090': {
    title: 'This protection needs a password',
    fix: 'Give a password (--password-file, or answer the prompt).',
    exit: 'input',
  },
  'BW-MEDIA-091': {
    title: 'The medium has no key for encrypted content',
    fix: 'Make the medium with --encrypt-content if its images and packages are confidential.',
    exit: 'input',
  },
  'BW-MEDIA-111': {
    title: 'The destination of a capture medium cannot be used',
    fix: 'Name //server/share/name.wim, nfs://server/folder/name.wim, https://server or LABEL=NAME/name.wim; for https give --authority where the site was never served.',
    exit: 'input',
  },
  'BW-MEDIA-120': {
    title: 'This kind of medium cannot be written as that',
    fix: 'Prestaged media end in .wim, all others in .iso, or in .img for a USB image.',
    exit: 'input',
  },
  'BW-MEDIA-121': {
    title: 'The WIM is no prestaged medium',
    fix: 'Name a file made by `bootwright media create prestaged`; one that other programs wrote to (compressed, exported) is none any more.',
    exit: 'input',
  },
  'BW-MEDIA-122': {
    title: 'It is not said what the prestaged medium is to hold',
    fix: 'Give --sequence ID, and --server https://NAME:PORT or --offline.',
    exit: 'input',
  },
  'BW-MEDIA-124': {
    title: 'The medium does not come to the machine like that',
    fix: 'Choose a profile that begins with disk- for a prestaged WIM, and one that begins with cd- or usb- for all others.',
    exit: 'input',
  },
  'BW-MEDIA-123': {
    title: 'The medium has no sealed part that could be opened otherwise',
    fix: 'Name a WIM made by `bootwright media create prestaged` with a password.',
    exit: 'input',
  },
  'BW-MEDIA-110': {
    title: 'An unattended capture medium has no destination',
    fix: 'Give --destination, or leave out --unattended: then it is asked on the machine.',
    exit: 'input',
  },
  'BW-MEDIA-150': {
    title: 'A file is too large for the medium',
    fix: 'Leave out --single-partition, take a larger --volume-size, or put smaller files into the package.',
    exit: 'input',
  },
  'BW-MEDIA-151': {
    title: 'These options do not go together',
    fix: 'Leave one of them out.',
    exit: 'input',
  },
  'BW-MEDIA-152': {
    title: 'A stick with one partition cannot be updated in place',
    fix: 'Write it anew with `bootwright media write`, or make the medium without --single-partition.',
    exit: 'refused',
  },
  'BW-MEDIA-153': {
    title: 'The size of the volumes cannot be used',
    fix: 'Give a number with M, G, MiB or GiB, or one of cd, dvd, dvd-dl, bd, bd-dl; the first volume holds the boot environment.',
    exit: 'input',
  },
  'BW-MEDIA-154': {
    title: 'The unfinished file beside the output cannot be continued',
    fix: 'Wait for the other build, or remove FILE.part and FILE.part.journal.',
    exit: 'refused',
  },
  'BW-MEDIA-155': {
    title: 'A volume does not belong to this medium',
    fix: 'Give the volumes that were made together: FILE-1.iso, FILE-2.iso and so on.',
    exit: 'failure',
  },
  'BW-MEDIA-180': {
    title: 'Content that the sequence needs cannot be left out',
    fix: 'Disable the step that needs it, or leave out --exclude.',
    exit: 'refused',
  },
  'BW-MEDIA-181': {
    title: 'What is to be left out would not be on the medium',
    fix: 'Correct the ID after --exclude, or leave it out.',
    exit: 'input',
  },
  'BW-MEDIA-182': {
    title: 'A list of software would name nothing on the medium',
    fix: 'Give --application or --package for each that may be named, or list them under "choices" of the step.',
    exit: 'input',
  },
} as const satisfies Record<string, ErrorEntry>;
