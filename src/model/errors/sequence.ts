import type { ErrorEntry } from './entry.ts';

export const sequenceErrors = {
  'BW-SEQUENCE-001': {
    title: 'A file is not valid YAML',
    fix: 'Correct the text at the named line; most often it is indentation, a missing colon or an unclosed quote.',
    exit: 'input',
  },
  'BW-SEQUENCE-002': {
    title: 'A key is not known here',
    fix: 'Correct the spelling or remove the key; docs/sequence-format.md lists all keys.',
    exit: 'input',
  },
  'BW-SEQUENCE-003': {
    title: 'A value is missing or not of the right kind',
    fix: 'Write a value of the kind the message names; docs/sequence-format.md has examples.',
    exit: 'input',
  },
  'BW-SEQUENCE-004': {
    title: 'A step type is not known',
    fix: 'Use one of the step types Bootwright has, or disable the step.',
    exit: 'input',
  },
  'BW-SEQUENCE-005': {
    title: 'A setting of a step is wrong',
    fix: 'Correct the named setting.',
    exit: 'input',
  },
  'BW-SEQUENCE-006': {
    title: 'A condition can never be evaluated here',
    fix: 'Replace it by a condition on a task sequence variable; until then the item is skipped.',
    exit: 'input',
  },
  'BW-SEQUENCE-007': {
    title: 'A file is too large or nested too deeply',
    fix: 'Split the sequence, or remove the nesting.',
    exit: 'input',
  },
  'BW-SEQUENCE-008': {
    title: 'A file is not well-formed XML, or holds a DOCTYPE',
    fix: 'Export the task sequence again; a DOCTYPE has to be removed, Configuration Manager never writes one.',
    exit: 'input',
  },
  'BW-SEQUENCE-009': {
    title: 'A file is not a task sequence this version can read',
    fix: 'Give the object.xml of a Configuration Manager export, or a bare <sequence version="3.10">.',
    exit: 'input',
  },
  'BW-SEQUENCE-010': {
    title: 'A password stands in a sequence in clear text',
    fix: 'Store it with `bootwright secret set NAME` and write `!secret NAME` in its place.',
    exit: 'refused',
  },
  'BW-SEQUENCE-011': {
    title: 'Something in a sequence looks like a mistake',
    fix: 'Look at the named place; the sequence works as the message says.',
    exit: 'input',
  },
  'BW-SEQUENCE-012': {
    title: 'A step cannot run from this medium',
    fix: 'Disable or replace the step, or deploy over the network instead.',
    exit: 'refused',
  },
} as const satisfies Record<string, ErrorEntry>;
