import type { ErrorEntry } from './entry.ts';

export const deployErrors = {
  'BW-DEPLOY-001': {
    title: 'A sequence that erases machines is deployed to All Systems',
    fix: 'Make a collection of the machines that are meant, with `bootwright collection add`, and deploy to that.',
    exit: 'refused',
  },
  'BW-DEPLOY-002': {
    title: 'A required deployment would erase any unknown machine',
    fix: 'Give it a scope: a subnet, the first bytes of MAC addresses (oui) or an interface of the server, and the number of machines it is for.',
    exit: 'refused',
  },
  'BW-DEPLOY-003': {
    title: 'A file names a device or collection that does not exist',
    fix: 'Correct the name, or add the device or collection.',
    exit: 'input',
  },
  'BW-DEPLOY-004': {
    title: 'Collections include or exclude each other in a circle',
    fix: 'Remove one of the references the message lists.',
    exit: 'input',
  },
  'BW-DEPLOY-005': {
    title: 'Two devices have the same MAC address or GUID',
    fix: 'Correct one of them. If the hardware really has it twice, list it in site.yaml below deployments: duplicateIdentifiers.',
    exit: 'input',
  },
  'BW-DEPLOY-006': {
    title: 'There is one of that name already',
    fix: 'Choose another name, or edit or remove the existing one.',
    exit: 'refused',
  },
  'BW-DEPLOY-007': {
    title: 'There is no device, collection, deployment or variable of that name',
    fix: 'Name one of those the message lists.',
    exit: 'input',
  },
  'BW-DEPLOY-008': {
    title: 'Nothing is decided from a site with errors',
    fix: 'Run `bootwright check` and correct what it names: a device that cannot be read would count as unknown.',
    exit: 'input',
  },
  'BW-DEPLOY-009': {
    title: 'Something that erases machines by itself was not confirmed',
    fix: 'Give --confirm-machines with the number of machines the message says.',
    exit: 'refused',
  },
  'BW-DEPLOY-010': {
    title: 'A collection is too large for a required deployment that erases machines',
    fix: 'Deploy to a smaller collection, or raise deployments: sizeLimits: maximum in site.yaml.',
    exit: 'refused',
  },
  'BW-DEPLOY-011': {
    title: 'The size limits contradict each other',
    fix: 'Make maximum larger than warn, or 0 for no maximum.',
    exit: 'input',
  },
  'BW-DEPLOY-012': {
    title: 'A list of devices cannot be imported',
    fix: 'Correct the lines the message names; the first line holds the names of the columns: name, mac, guid, and variables. Nothing was written.',
    exit: 'input',
  },
  'BW-DEPLOY-013': {
    title: 'A machine is described by something that is no identifier',
    fix: 'Write --mac 00:50:56:01:02:03, --guid 4C4C4544-0042-4D10-8053-B7C04F4E4D32 or --address 10.1.2.3.',
    exit: 'input',
  },
  'BW-DEPLOY-060': {
    title: 'There is no device that can be reinstalled',
    fix: 'Give the device a MAC address or GUID of its own, or name a collection that holds devices.',
    exit: 'input',
  },
  'BW-DEPLOY-061': {
    title: 'No MAC address is known to wake the machine by',
    fix: 'Add the MAC address of its wired network adapter to the file of the device.',
    exit: 'missing',
  },
} as const satisfies Record<string, ErrorEntry>;
