import type { ErrorEntry } from './entry.ts';

/** What can go wrong on the target. The reader stands in front of a machine, so the advice names keys and media. */
export const agentErrors = {
  'BW-AGENT-001': {
    title: 'The date is outside the time in which this medium may be used',
    fix: 'Check the clock of this machine (F2 sets it); when the clock is right, make a new medium.',
    exit: 'refused',
  },
  'BW-AGENT-002': {
    title: 'The medium cannot be read',
    fix: 'Insert it again, or try another port, stick or drive.',
    exit: 'missing',
  },
  'BW-AGENT-004': {
    title: 'The state of an interrupted run cannot be used',
    fix: 'Start the medium again and start anew; the disk is then erased.',
    exit: 'failure',
  },
  'BW-AGENT-005': {
    title: 'The saved secrets of an interrupted run cannot be opened',
    fix: 'Start the medium again and start anew; the disk is then erased.',
    exit: 'untrusted',
  },
  'BW-AGENT-006': {
    title: 'The time in which this run had to end is over',
    fix: 'Make a new medium and start again.',
    exit: 'refused',
  },
  'BW-AGENT-007': {
    title: 'No stick to save the logs on was found',
    fix: 'Insert a stick with a FAT, exFAT or ext4 file system and press L again.',
    exit: 'missing',
  },
  'BW-AGENT-008': {
    title: 'An unexpected fault of the agent',
    fix: 'Save the logs (L) and report them; starting the machine again is safe.',
    exit: 'failure',
  },
  'BW-AGENT-009': {
    title: 'The disk did not start although the run goes on there',
    fix: 'Choose the disk in the boot menu of the firmware once; the run then goes on by itself.',
    exit: 'failure',
  },
  'BW-AGENT-030': {
    title: 'The reply of the server is for another question',
    fix: 'Start this machine again. When it happens again, somebody may be replaying old replies on this network.',
    exit: 'untrusted',
  },
  'BW-AGENT-031': {
    title: 'The reply of the server has expired',
    fix: 'Check the clocks of the server and of this machine, and start this machine again.',
    exit: 'untrusted',
  },
  'BW-AGENT-032': {
    title: 'The reply of the server is older than one seen before',
    fix: 'If the state of the server was restored from a backup, change anything in the site so that its serial grows; else somebody may be replaying old replies.',
    exit: 'untrusted',
  },
  'BW-AGENT-033': {
    title: 'The reply was not signed by the site',
    fix: 'Make the medium or boot image again if the signing key of the site was changed.',
    exit: 'untrusted',
  },
  'BW-AGENT-034': {
    title: 'The server has a certificate that is not believed',
    fix: 'Check that the address is the one of the server; make the medium or boot image again if the authority of the site was changed.',
    exit: 'untrusted',
  },
  'BW-AGENT-035': {
    title: 'No server answers',
    fix: 'Check the cable, the network and that bootwright serve is running.',
    exit: 'missing',
  },
  'BW-AGENT-036': {
    title: 'What names the server cannot be used',
    fix: 'Make the medium or boot image again.',
    exit: 'input',
  },
  'BW-AGENT-037': {
    title: 'The server deploys nothing to this machine',
    fix: 'bootwright explain on the server prints the rule.',
    exit: 'refused',
  },
  'BW-AGENT-038': {
    title: 'Boot image and server speak different versions of the protocol',
    fix: 'Make the medium or boot image again with the version of Bootwright that the server runs.',
    exit: 'refused',
  },
  'BW-AGENT-039': {
    title: 'The server refused a request',
    fix: 'Look at the output of bootwright serve, and start this machine again.',
    exit: 'refused',
  },
  'BW-AGENT-040': {
    title: 'Content could not be fetched',
    fix: 'Check that the server holds it unchanged (bootwright serve says so), and retry.',
    exit: 'missing',
  },
  'BW-AGENT-041': {
    title: 'There is no room for content',
    fix: 'Let the sequence partition and format a disk before the step that needs the content, or use a larger disk.',
    exit: 'missing',
  },
  'BW-AGENT-042': {
    title: 'The policy of the server cannot be used',
    fix: 'Start this machine again; look at the output of bootwright serve when that does not help.',
    exit: 'untrusted',
  },
  'BW-AGENT-043': {
    title: 'No task sequence is available for this machine',
    fix: 'Deploy one to a collection this machine is a member of; bootwright explain on the server prints the rules.',
    exit: 'refused',
  },
  'BW-AGENT-044': {
    title: 'An interrupted run cannot go on',
    fix: 'Start this machine again and start anew (N); the disk is then erased.',
    exit: 'refused',
  },
  'BW-AGENT-045': {
    title: 'Content the sequence needs is missing',
    fix: 'Add it on the server (bootwright content add ID, bootwright content verify --repair), then start this machine again.',
    exit: 'missing',
  },
  'BW-AGENT-046': {
    title: 'Confidential content cannot be decrypted',
    fix: 'On the server run bootwright content update ID: it is encrypted to the content key of now. Then start this machine again.',
    exit: 'untrusted',
  },
  'BW-AGENT-050': {
    title: 'The agent cannot be installed or asked here',
    fix: 'Use a Linux with systemd, as root, and a package made by bootwright agent package.',
    exit: 'refused',
  },
  'BW-AGENT-051': {
    title: 'The boot image cannot be started from this running system',
    fix: 'Make room, or deploy this machine from a medium or over the network.',
    exit: 'refused',
  },
  'BW-AGENT-052': {
    title: 'The boot loader cannot be told to start something once',
    fix: 'Run update-grub, and look whether /boot/grub is writable; or deploy this machine from a medium or over the network.',
    exit: 'refused',
  },
  'BW-AGENT-053': {
    title: 'A run that a running system began cannot go on in the boot environment',
    fix: 'Begin it again on the running system: bootwright-agent run DEPLOYMENT. The server names the reason.',
    exit: 'refused',
  },
  'BW-AGENT-054': {
    title: 'Nobody released the deployment',
    fix: 'Run bootwright-agent run DEPLOYMENT on the machine, and approve its code on the server or type the password.',
    exit: 'refused',
  },
  'BW-AGENT-055': {
    title: 'The agent is at work already',
    fix: 'Wait until it has ended; bootwright-agent status tells.',
    exit: 'refused',
  },
  'BW-AGENT-070': {
    title: 'There is no network adapter for what was asked',
    fix: 'Plug in the cable, choose another adapter (A), or make a boot image with the driver of this one.',
    exit: 'missing',
  },
  'BW-AGENT-071': {
    title: 'This boot image is not to be used any more',
    fix: 'Build the boot image of the site again with the version of Bootwright that serves, and make a new medium.',
    exit: 'refused',
  },
  'BW-AGENT-072': {
    title: 'The newer boot image cannot be started from this one',
    fix: 'Make a new medium from the boot image of the site, and start this machine from it.',
    exit: 'failure',
  },
  'BW-AGENT-090': {
    title: 'The encrypted content of the medium cannot be opened',
    fix: 'Try another port or stick; if it happens again, build the boot image and the medium anew.',
    exit: 'failure',
  },
  'BW-AGENT-110': {
    title: 'An unattended medium lacks something to capture with',
    fix: 'Make the medium again with --variable OSDCaptureDestination=…, or without --unattended.',
    exit: 'input',
  },
  'BW-AGENT-111': {
    title: 'This machine has no network',
    fix: 'Check the cable and the network, or type an address (S).',
    exit: 'missing',
  },
  'BW-AGENT-180': {
    title: 'This medium captures no running system',
    fix: 'Use a capture medium below the locked level, or start the machine from the medium.',
    exit: 'refused',
  },
  'BW-AGENT-181': {
    title: 'The running system lies where it cannot be captured from',
    fix: 'Set the reference machine up with ext4 or XFS on a plain partition.',
    exit: 'refused',
  },
  'BW-AGENT-182': {
    title: 'The medium would not be there after the restart',
    fix: 'Put it on a stick or into a drive, also a virtual one, and run capture.sh from there.',
    exit: 'refused',
  },
  'BW-AGENT-183': {
    title: 'The boot environment cannot be started from this running system',
    fix: "Start the machine from the medium: in the firmware's boot menu, or with efibootmgr --bootnext.",
    exit: 'refused',
  },
  'BW-AGENT-150': {
    title: 'The disc belongs to another medium',
    fix: 'Insert the volume that is asked for: medium and number stand in its label.',
    exit: 'refused',
  },
  'BW-AGENT-151': {
    title: 'The disc is another volume of this medium',
    fix: 'Insert the volume that is asked for.',
    exit: 'refused',
  },
  'BW-AGENT-152': {
    title: 'The disc is no volume of a medium',
    fix: 'Insert the volume that is asked for.',
    exit: 'refused',
  },
  'BW-AGENT-153': {
    title: 'A volume of the medium was not inserted',
    fix: 'Try the step again with the volume at hand, or start the machine from volume 1 again.',
    exit: 'missing',
  },
  'BW-AGENT-154': {
    title: 'Content that lies on several volumes has no room on this machine',
    fix: 'Format a larger volume before the step that needs it, or make the medium with larger volumes.',
    exit: 'failure',
  },
} as const satisfies Record<string, ErrorEntry>;
