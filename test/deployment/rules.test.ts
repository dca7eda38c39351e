import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');

/**
 * The rules about lookup and deployments that people bring along from Configuration Manager, and the tests that are named
 * after them. A rule whose test goes, or is renamed, is a failure here.
 */
const rules: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'deployment/decide.test.ts': {
    'exclusion list beats everything': ['exclusion list: never boots'],
    'duplicate hardware identifiers': [
      'a listed MAC is no key, the GUID still counts',
      'a listed GUID is no key, the MAC still counts',
    ],
    'shared USB network adapter': ['shared USB NIC: with its MAC listed'],
    'faulty SMBIOS': ['faulty SMBIOS: a GUID of %s is no key'],
    'either identifier makes a machine known': [
      'a match of the MAC address alone makes a machine known',
      'a match of the SMBIOS GUID alone makes a machine known',
      'identifiers match in any of their usual spellings',
    ],
    'GUID before MAC, the conflict is said': ['GUID and MAC of different records: the GUID is preferred'],
    'reply DuplicateMACAddress': ['DuplicateMACAddress: a MAC of two records identifies neither'],
    'reply DuplicateSMBIOS': ['DuplicateSMBIOS: a GUID of two records is told apart by the MAC'],
    'only the deployments of the record': ['a record gets the deployments of its own collections only'],
    'no fall-back': ['known without deployment never falls back to unknown'],
    'unknown object by processor': ['the deployments of the unknown object of this kind of processor (%s)'],
    'built-in collection of unknown computers': ['All Unknown Computers holds every kind'],
    'unknown machines are in no collection by rule': ['an unknown machine is no member by rule'],
    'unknown support switched off': ['unknown computer support off: not serviced'],
    'unknown machines ask first': ['unknown computer support ask: the offers wait for approval'],
    'no advertisements found': ['no offers: "no task sequence available", no boot action'],
    'variables of unknown machines': ['an unknown machine gets collection variables, but no computer variables'],
    'make available to': ['make available to %s: offered to %j', 'hidden: never starts by itself'],
    purpose: ['purpose: available prompts, required starts by itself'],
    scheduling: ['scheduling is not evaluated after a start from media', 'scheduling is evaluated on running systems'],
    'rerun behaviour': ['rerun behaviour %s: a running system runs a required one again when it %j'],
    'required outranks available': ['required outranks available, whatever their IDs'],
    'highest ID of several': [
      'several required: the highest deployment ID',
      'several required on different collections',
    ],
    'last required offer': [
      'the last required offer is served once until it is cleared',
      'a lower required one does not take its place',
      'a different deployment lifts it',
      'a different device lifts it',
    ],
    'boot image': [
      'exact architecture before a compatible one',
      'BIOS on x64 may use x86',
      'UEFI never starts another architecture',
      'several are settled by the highest deployment ID',
      'one that is not built keeps a sequence from the network',
    ],
    'narrowed by place and number': ['a scope narrows: subnet, first bytes of the MAC address, interface'],
  },
  'deployment/variables.test.ts': {
    'collection variables by priority': ['of collections with one variable the higher priority wins'],
    'device variables last': ['device variables win over those of any collection'],
  },
  'deployment/membership.test.ts': {
    'built-in collections': ['All Systems holds every device; unknown machines are in All Unknown Computers'],
    'include and exclude': ['include takes members over at any depth, exclude wins over everything'],
  },
  'deployment/risk.test.ts': {
    'default size': ['default size: above it the number of members has to be typed'],
    'maximum size': ['maximum size: above it always refused', '0 switches a limit off'],
    'required to unknown machines': ['required to %s: the number of machines has to be typed'],
  },
  'deployment/reinstall.test.ts': {
    'one more time': ['starts by itself on a device that is armed, from %s', 'comes before what is required'],
    'high-risk rules hold': [
      'high-risk rules: %s is refused (%s)',
      'high-risk rules: what erases nothing may go to all',
    ],
  },
  'site/records.test.ts': {
    'maximum above default': ['keep the maximum size above the size that is warned of'],
    'built-in collections excluded': ['an operating system to %s is refused, required or available'],
    'unknown computers need a scope': ['a required one to %s needs a scope and a number of machines'],
  },
  'site/write-records.test.ts': {
    'import computer': [
      'reads a file with header row: name, MAC, SMBIOS GUID, variables',
      'merges into existing devices',
    ],
  },
  'server/deployments.system.test.ts': {
    'Clear Required PXE Deployments': ['and starts what is required once'],
    'stale records': ['a start that came to nothing makes no machine known'],
    'as many as were meant': ['gives a deployment to no more unknown machines than were meant'],
  },
};

it('each rule about lookup and deployments is a named test', () => {
  const missing = Object.entries(rules).flatMap(([file, named]) => {
    const text = readFileSync(join(root, file), 'utf8');
    const titles = [...text.matchAll(/^\s*(?:it|\])[^\n]*?(?:\(\s*|\n\s*)(['"`])(.*?)\1,/gm)].map(
      ([, , title]) => title ?? '',
    );
    const loose = [...text.matchAll(/^\s*(['"`])(.{20,})\1,$/gm)].map(([, , title]) => title ?? '');
    return Object.entries(named).flatMap(([rule, wanted]) =>
      wanted
        .filter((title) => [...new Set([...titles, ...loose])].filter((one) => one.includes(title)).length !== 1)
        .map((title) => `${rule}: ${file}: ${title}`),
    );
  });
  expect(missing).toEqual([]);
});
