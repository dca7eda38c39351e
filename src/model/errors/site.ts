import type { ErrorEntry } from './entry.ts';

export const siteErrors = {
  'BW-SITE-001': {
    title: 'There is no site here',
    fix: 'Change to a folder with site.yaml, name it, or make one with `bootwright init DIR`.',
    exit: 'missing',
  },
  'BW-SITE-002': {
    title: 'The folder for the new site is not empty',
    fix: 'Name a new or empty folder: init never writes among existing files.',
    exit: 'refused',
  },
  'BW-SITE-003': {
    title: 'There is no such site template',
    fix: 'Use one of the templates the message lists.',
    exit: 'input',
  },
  'BW-SITE-004': {
    title: 'There is no such task sequence',
    fix: 'Name one of the sequences the message lists: the file name in sequences/ without its extension.',
    exit: 'input',
  },
  'BW-SITE-005': {
    title: 'Two files of the site have the same ID',
    fix: 'Rename or remove one of them; IDs ignore case.',
    exit: 'input',
  },
  'BW-SITE-006': {
    title: 'A secret is not stored in the site',
    fix: 'Store it with `bootwright secret set NAME`.',
    exit: 'missing',
  },
  'BW-SITE-007': {
    title: 'A private key is tracked by git',
    fix: 'Remove it from git and its history, then run `bootwright key rotate`: who can read the repository has the key.',
    exit: 'refused',
  },
  'BW-SITE-008': {
    title: 'A variable has a name that cannot be used',
    fix: 'Use 1 to 256 letters, digits, _ and -, beginning with a letter; names that begin with _ belong to Bootwright.',
    exit: 'input',
  },
  'BW-SITE-009': {
    title: 'The validity dates do not make sense',
    fix: 'Give dates as 2027-01-31 or 2027-01-31T18:00:00Z, the first before the last.',
    exit: 'input',
  },
  'BW-SITE-010': {
    title: 'A file or folder of the site is not what belongs there',
    fix: 'Move or remove it; docs/site.md shows where everything goes.',
    exit: 'input',
  },
  'BW-SITE-090': {
    title: 'A record of a medium cannot be read',
    fix: 'Correct the file, or take it from git; it lies in the folder media of the site.',
    exit: 'input',
  },
  'BW-SITE-091': {
    title: 'There is no such medium on record',
    fix: 'See the names with `bootwright media list`; `bootwright media inspect FILE` shows the name of a medium at hand.',
    exit: 'missing',
  },
} as const satisfies Record<string, ErrorEntry>;
