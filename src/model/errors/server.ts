import type { ErrorEntry } from './entry.ts';

export const serverErrors = {
  'BW-SERVER-001': {
    title: 'The server does not understand the request',
    fix: 'The message names the field. Start a boot image that was built by the same version of Bootwright.',
    exit: 'input',
  },
  'BW-SERVER-002': {
    title: 'Agent and server speak different versions of the protocol',
    fix: 'Build the boot image again with the version of Bootwright that serves, or serve with a newer version.',
    exit: 'refused',
  },
  'BW-SERVER-003': {
    title: 'The session is not known or has ended',
    fix: 'Start the machine again: each start makes a new session.',
    exit: 'refused',
  },
  'BW-SERVER-004': {
    title: 'The policy has not been released to this machine',
    fix: 'An operator runs `bootwright device approve CODE` with the code on the screen, or the deployment password is typed.',
    exit: 'refused',
  },
  'BW-SERVER-005': {
    title: 'The deployment password is wrong',
    fix: 'Type it again; watch the keyboard layout shown beside the prompt, Caps Lock and Num Lock.',
    exit: 'refused',
  },
  'BW-SERVER-006': {
    title: 'Too many passwords were tried',
    fix: 'Wait as long as the message says, or ask an operator to approve the machine.',
    exit: 'refused',
  },
  'BW-SERVER-007': {
    title: 'The deployment is not offered to this machine',
    fix: 'Deploy the sequence to a collection that holds the machine, then start it again.',
    exit: 'refused',
  },
  'BW-SERVER-008': {
    title: 'The content token is missing, wrong or has expired',
    fix: 'Ask for the policy again: it brings a new token.',
    exit: 'refused',
  },
  'BW-SERVER-009': {
    title: 'The server does not hold this content',
    fix: 'It was changed or removed since the policy was made: start the machine again.',
    exit: 'missing',
  },
  'BW-SERVER-010': {
    title: 'The range lies outside of the content',
    fix: 'Ask for bytes below the size that the Content-Range header names.',
    exit: 'input',
  },
  'BW-SERVER-011': {
    title: 'Reports are missing in between',
    fix: 'Send again from the number that the answer names.',
    exit: 'input',
  },
  'BW-SERVER-012': {
    title: 'The run belongs to another session',
    fix: 'Send the reports of a run with the session that got its policy.',
    exit: 'refused',
  },
  'BW-SERVER-013': {
    title: 'The request is larger than the server takes',
    fix: 'Send it in smaller parts; docs/formats/policy.md names the limits.',
    exit: 'input',
  },
  'BW-SERVER-014': {
    title: 'The server failed at a request',
    fix: 'Read what `bootwright serve` printed; the machine may ask again.',
    exit: 'failure',
  },
  'BW-SERVER-015': {
    title: 'No single machine waits with this code',
    fix: 'Compare the code with the screen; `bootwright device approve list` shows who waits.',
    exit: 'input',
  },
  'BW-SERVER-016': {
    title: 'There is no such run or machine',
    fix: 'See `bootwright run list` and `bootwright machine list`.',
    exit: 'input',
  },
  'BW-SERVER-017': {
    title: 'The state database cannot be used',
    fix: 'Copy it back from a backup, state.db and state.db-wal of the same moment, or move it away: a new one is made, and history and approvals are lost.',
    exit: 'failure',
  },
  'BW-SERVER-018': {
    title: 'The site has not been served yet',
    fix: 'Run bootwright serve first.',
    exit: 'missing',
  },
  'BW-SERVER-019': {
    title: 'The server cannot listen there',
    fix: 'Name another address and port with --listen, or end the program that uses it.',
    exit: 'failure',
  },
  'BW-SERVER-020': {
    title: 'The certificate of the server cannot be used',
    fix: 'Give a PEM file with the certificate (and its chain) and one with its private key.',
    exit: 'input',
  },
  'BW-SERVER-021': {
    title: 'Too many machines wait at once',
    fix: 'Wait a minute: who was not approved in time is forgotten.',
    exit: 'refused',
  },
  'BW-SERVER-040': {
    title: 'Content a sequence needs is missing',
    fix: 'Run bootwright content verify --repair, or bootwright content add ID for what was never added.',
    exit: 'missing',
  },
  'BW-SERVER-060': {
    title: 'The disk of the server is full',
    fix: 'Make room on the disk that holds .bootwright/state.db; the server goes on by itself, and machines ask again.',
    exit: 'failure',
  },
  'BW-SERVER-061': {
    title: 'The server cannot write its state',
    fix: 'Another process may hold the state database, or its disk is read-only or failing; `bootwright serve` prints what SQLite says.',
    exit: 'failure',
  },
  'BW-SERVER-070': {
    title: 'The TPM that answered is not the enrolled one',
    fix: 'Release the machine by approval or password: its TPM is then enrolled anew.',
    exit: 'refused',
  },
  'BW-SERVER-071': {
    title: 'The TPM of the machine cannot be enrolled now',
    fix: 'Approve the machine, or type its password, for a deployment with `tpmRelease: true`.',
    exit: 'refused',
  },
  'BW-SERVER-110': {
    title: 'The upload token is not good for this',
    fix: 'Make one for this name: bootwright content receive NAME.',
    exit: 'refused',
  },
  'BW-SERVER-111': {
    title: 'The site has an image of that name already',
    fix: 'Choose another name, or remove the old image from the site first.',
    exit: 'refused',
  },
  'BW-SERVER-112': {
    title: 'An image did not arrive as it was sent',
    fix: 'Send it again. If that fails too, test the network and the memory of both machines.',
    exit: 'untrusted',
  },
  'BW-SERVER-113': {
    title: 'There is no room for an image on the server',
    fix: 'Make room on the disk the site lies on, and retry.',
    exit: 'failure',
  },
  'BW-SERVER-114': {
    title: 'A piece of an image begins behind what is there',
    fix: 'Send from the byte the answer names.',
    exit: 'failure',
  },
} as const satisfies Record<string, ErrorEntry>;
