import { installsSoftware } from './applications.ts';
import { capturesAndDeploysAgain } from './capture.ts';
import { capturesFromRunningSystem } from './capture-here.ts';
import { capturesToServer, capturesToShare } from './capture-network.ts';
import { provenOnDiscs, pulledWhileReading, refusesWrongDiscs } from './discs.ts';
import { refusesFlips } from './flips.ts';
import type { Lab } from './lab.ts';
import { lockedLevel } from './locked.ts';
import { approved, knownByPassword, survivesOutages, turnedAway } from './online.ts';
import { deploysFromItsDisk, deploysWithItsContent } from './prestaged.ts';
import { afterSteps, atOnce, refreshes } from './refresh.ts';
import { goesOnInNewer } from './renewal.ts';
import {
  deploys,
  type Form,
  failsWithoutSecrets,
  provenByCommand,
  reachesAgent,
  refusesDate,
  refusesTampering,
  type Start,
} from './scenarios.ts';
import { type TamperingName, tamperings } from './tamper.ts';
import { listsSticks, survivesCuts } from './usb.ts';

export interface BootCase {
  readonly id: string;
  /** `core` runs with `npm test`; together with `full` it is the matrix. */
  readonly suite: 'core' | 'full';
  readonly start: Start;
  readonly form: Form;
  readonly goal: 'agent' | 'deployed' | 'refused' | 'failed';
  readonly proves: string;
  /** Measured with software emulation on two cores; what shards are balanced by. */
  readonly seconds: number;
  readonly run: (lab: Lab, id: string) => Promise<void>;
}

type Facts = Pick<BootCase, 'id' | 'suite' | 'goal' | 'proves' | 'seconds'>;

function bootCase<How>(
  facts: Facts,
  start: Start,
  make: (start: Start, how: How) => BootCase['run'],
  how: How,
): BootCase {
  const usual = start.profile.startsWith('disk-')
    ? 'laid on the disk'
    : start.profile.startsWith('cd-')
      ? 'cd'
      : 'stick';
  const form = start.form ?? usual;
  return { ...facts, start, form, run: make(start, how) };
}

const core: readonly BootCase[] = [
  bootCase(
    {
      ...{ id: 'proof', suite: 'core', goal: 'deployed', seconds: 260 },
      proves: 'media prove signs it; German password typed; TPM; foreign disk untouched; 20 secrets found nowhere',
    },
    { medium: 'german', profile: 'cd-uefi-secureboot', disk: 'virtio', tpm: true, foreignDisk: true },
    provenByCommand,
    undefined,
  ),
  bootCase(
    {
      ...{ id: 'deploy-bios', suite: 'core', goal: 'deployed', seconds: 260 },
      proves: 'password of letters no key has; power cut after Apply resumes; later the disk starts by itself',
    },
    { medium: 'foreign', profile: 'usb-bios', disk: 'ahci' },
    deploys,
    { cut: 'after Apply', again: true },
  ),
  bootCase(
    {
      ...{ id: 'deploy-uefi-4kn', suite: 'core', goal: 'deployed', seconds: 260 },
      proves: 'power cut inside Apply applies again on a clean volume; 4,096-byte sectors',
    },
    { medium: 'foreign', profile: 'usb-uefi', disk: '4kn' },
    deploys,
    { cut: 'inside Apply' },
  ),
  bootCase(
    {
      ...{ id: 'wrong-password', suite: 'core', goal: 'agent', seconds: 50 },
      proves: 'two wrong passwords are refused, the right one is taken; nothing is written',
    },
    { medium: 'small', profile: 'cd-bios', disk: 'nvme' },
    reachesAgent,
    { wrongFirst: ['correct  horse', 'Correct horse'] },
  ),
  bootCase(
    {
      ...{ id: 'fat-copy', suite: 'core', goal: 'agent', seconds: 45 },
      proves: 'files copied to a FAT32 stick start with Secure Boot; password typed on the serial line',
    },
    { medium: 'small', profile: 'usb-uefi-secureboot', disk: 'nvme', form: 'files on FAT32' },
    reachesAgent,
    { console: 'serial' },
  ),
  bootCase(
    {
      ...{ id: 'iso-file', suite: 'core', goal: 'agent', seconds: 45 },
      proves: 'an ISO file on an ext4 partition, started by a boot menu, finds itself',
    },
    { medium: 'small', profile: 'usb-uefi-secureboot', disk: 'virtio', form: 'ISO file on a stick' },
    reachesAgent,
    {},
  ),
  bootCase(
    {
      ...{ id: 'usb-image', suite: 'core', goal: 'agent', seconds: 45 },
      proves: 'a USB image on xHCI starts with BIOS; content lies on its own partition',
    },
    { medium: 'image', profile: 'usb-bios', disk: 'virtio', form: 'USB image' },
    reachesAgent,
    {},
  ),
  bootCase(
    {
      ...{ id: 'expired', suite: 'core', goal: 'refused', seconds: 35 },
      proves: 'a medium whose time is over is refused before any write',
    },
    { medium: 'dated', profile: 'cd-uefi', disk: 'ahci', clock: '2040-05-01T12:00:00Z' },
    dated,
    {},
  ),
  bootCase(
    {
      ...{ id: 'tampered-content', suite: 'core', goal: 'refused', seconds: 35 },
      proves: 'a changed byte of content is found before any write',
    },
    { medium: 'small', profile: 'usb-uefi', disk: 'virtio', form: 'files on FAT32' },
    refusesTampering,
    'a byte of content',
  ),
  bootCase(
    {
      ...{ id: 'failure', suite: 'core', goal: 'failed', seconds: 70 },
      proves: 'after a power cut and after a failure none of 20 secrets is on disk, lines, logs or medium',
    },
    { medium: 'failing', profile: 'usb-bios', disk: 'virtio' },
    failsWithoutSecrets,
    undefined,
  ),
  bootCase(
    {
      ...{ id: 'online-approval', suite: 'core', goal: 'deployed', seconds: 330 },
      proves: 'a bootable medium deploys an unknown machine once its code is approved; the server knows all about it',
    },
    { medium: 'online', profile: 'cd-uefi-secureboot', disk: 'virtio', tpm: true },
    approved,
    undefined,
  ),
  bootCase(
    {
      ...{ id: 'online-known-only', suite: 'core', goal: 'refused', seconds: 50 },
      proves: 'a medium for known machines turns a stranger away, and shows no operator a code',
    },
    { medium: 'known', profile: 'cd-uefi', disk: 'nvme' },
    turnedAway,
    { code: 'BW-AGENT-043', message: /machines that .* knows/ },
  ),
];

const running: readonly BootCase[] = [
  bootCase(
    {
      ...{ id: 'online-outage', suite: 'full', goal: 'deployed', seconds: 360 },
      proves: 'the server is killed five times, in content and in reports: nothing is lost or doubled',
    },
    { medium: 'online', profile: 'usb-bios', disk: 'ahci' },
    survivesOutages,
    undefined,
  ),
  bootCase(
    {
      ...{ id: 'refresh', suite: 'full', goal: 'deployed', seconds: 900 },
      proves: 'a running Debian refreshes its own disk in its maintenance window, by a required deployment',
    },
    { medium: 'client', profile: 'usb-uefi-secureboot', disk: 'virtio' },
    refreshes,
    atOnce,
  ),
];

const agents: readonly (readonly [Start, string, Parameters<typeof reachesAgent>[1]?])[] = [
  [{ medium: 'small', profile: 'cd-bios', disk: 'ahci' }, 'starts from an optical drive'],
  [{ medium: 'small', profile: 'cd-uefi', disk: 'nvme' }, 'starts from an optical drive'],
  [{ medium: 'accents', profile: 'cd-uefi-secureboot', disk: '4kn' }, 'dead keys of a German keyboard typed'],
  [{ medium: 'small', profile: 'usb-bios', disk: 'nvme' }, 'starts from a stick', { console: 'serial' }],
  [{ medium: 'foreign', profile: 'usb-uefi', disk: 'ahci' }, 'password of letters no key has'],
  [{ medium: 'german', profile: 'usb-uefi-secureboot', disk: 'virtio' }, 'German password typed'],
  [{ medium: 'small', profile: 'usb-uefi', disk: '4kn', form: 'ISO file on a stick' }, 'ISO file, without Secure Boot'],
  [{ medium: 'small', profile: 'usb-uefi', disk: 'virtio', form: 'files on FAT32' }, 'files, without Secure Boot'],
];

const deployments: readonly (readonly [Start, string, Parameters<typeof deploys>[1]])[] = [
  [
    { medium: 'foreign', profile: 'cd-bios', disk: 'virtio' },
    'power cut before the restart',
    { cut: 'before the restart' },
  ],
  [{ medium: 'unattended', profile: 'cd-bios', disk: 'nvme' }, 'unattended: only the password is asked', {}],
  [{ medium: 'encrypted', profile: 'usb-bios', disk: 'virtio' }, 'image decrypted while it is applied', {}],
  [{ medium: 'foreign', profile: 'cd-uefi', disk: 'ahci' }, 'later the disk starts by itself', { again: true }],
  [{ medium: 'german', profile: 'usb-uefi-secureboot', disk: 'nvme', foreignDisk: true }, 'foreign disk untouched', {}],
  [
    { medium: 'german', profile: 'usb-uefi-secureboot', disk: 'virtio', tpm: true },
    'resumed by the TPM, without the password',
    { cut: 'after Apply' },
  ],
];

const full: readonly BootCase[] = [
  bootCase(
    {
      ...{ id: 'capture', suite: 'full', goal: 'deployed', seconds: 900 },
      proves: 'a deployed machine is captured to a second disk; the image is deployed to other hardware and starts',
    },
    { medium: 'foreign', profile: 'cd-bios', disk: 'virtio' },
    capturesAndDeploysAgain,
    undefined,
  ),
  ...agents.map(([start, proves, how]) =>
    bootCase(
      { id: `agent-${start.profile}-${start.disk}`, suite: 'full', goal: 'agent', proves, seconds: 40 },
      start,
      reachesAgent,
      how ?? {},
    ),
  ),
  ...deployments.map(([start, proves, how]) =>
    bootCase(
      { id: `deploy-${start.profile}-${start.disk}`, suite: 'full', goal: 'deployed', proves, seconds: 220 },
      start,
      deploys,
      how,
    ),
  ),
  bootCase(
    {
      ...{ id: 'online-password', suite: 'full', goal: 'deployed', seconds: 330 },
      proves: "a machine known by its MAC address gets secrets for the deployment's password, a wrong one gets none",
    },
    { medium: 'online', profile: 'usb-uefi', disk: 'nvme', tpm: true },
    knownByPassword,
    undefined,
  ),
  bootCase(
    {
      ...{ id: 'usb-image-deployed', suite: 'full', goal: 'deployed', seconds: 220 },
      proves: 'a USB image deploys with Secure Boot; later the disk starts by itself',
    },
    { medium: 'deployImage', profile: 'usb-uefi-secureboot', disk: 'nvme', form: 'USB image' },
    deploys,
    { again: true },
  ),
  bootCase(
    {
      ...{ id: 'usb-image-uefi', suite: 'full', goal: 'agent', seconds: 45 },
      proves: 'a USB image starts with UEFI',
    },
    { medium: 'image', profile: 'usb-uefi', disk: 'ahci', form: 'USB image' },
    reachesAgent,
    {},
  ),
  ...(['usb-bios', 'usb-uefi-secureboot'] as const).map((profile) =>
    bootCase(
      {
        ...{ id: `usb-image-updated-${profile.slice(4)}`, suite: 'full' as const, goal: 'agent' as const, seconds: 50 },
        proves:
          'a stick that was written, grown and updated in place starts its second system, with and without content',
      },
      { medium: profile === 'usb-bios' ? 'listing' : 'image', profile, disk: 'virtio', form: 'updated stick' },
      reachesAgent,
      {},
    ),
  ),
  bootCase(
    {
      ...{ id: 'usb-image-cuts', suite: 'full', goal: 'agent', seconds: 260 },
      proves: 'power lost at five places of an update: the stick starts as the old or the new medium, never as neither',
    },
    { medium: 'image', profile: 'usb-uefi-secureboot', disk: 'virtio', form: 'updated stick' },
    survivesCuts,
    undefined,
  ),
  bootCase(
    {
      ...{ id: 'bit-flips', suite: 'full', goal: 'refused', seconds: 240 },
      proves: 'four of a hundred changed bits, in four parts of the medium: nothing is written to any disk',
    },
    { medium: 'small', profile: 'usb-uefi', disk: 'virtio' },
    refusesFlips,
    undefined,
  ),
  bootCase(
    {
      ...{ id: 'usb-listing', suite: 'full', goal: 'agent', seconds: 60 },
      proves: 'four more sticks, two with one serial and two without any, are listed as they are',
    },
    { medium: 'listing', profile: 'usb-uefi', disk: 'virtio', form: 'USB image' },
    (start) => listsSticks(start),
    undefined,
  ),
  bootCase(
    {
      ...{ id: 'online-proof', suite: 'full', goal: 'deployed', seconds: 330 },
      proves: 'media prove runs the service itself; sealed, server known by name and found by its subnet',
    },
    { medium: 'named', profile: 'usb-uefi-secureboot', disk: 'virtio', tpm: true },
    provenByCommand,
    undefined,
  ),
  bootCase(
    {
      ...{ id: 'online-wrong-authority', suite: 'full', goal: 'refused', seconds: 50 },
      proves: 'a server with a certificate of another authority is not told anything',
    },
    { medium: 'online', profile: 'cd-bios', disk: 'virtio' },
    turnedAway,
    { code: 'BW-AGENT-034', message: /authority/, otherAuthority: true },
  ),
  bootCase(
    {
      ...{ id: 'clock', suite: 'full', goal: 'agent', seconds: 45 },
      proves: 'a machine that believes in 2019 is told so; F2 sets its clock, and it goes on',
    },
    { medium: 'dated', profile: 'cd-bios', disk: 'virtio', clock: '2019-01-01T00:00:00Z' },
    dated,
    { setTo: '2027-03-01 12:00' },
  ),
  bootCase(
    {
      ...{ id: 'applications', suite: 'full', goal: 'deployed', seconds: 230 },
      proves:
        'a package runs in the boot environment and in the applied system; an application and what it needs are installed in the deployed one, and found',
    },
    { medium: 'software', profile: 'cd-uefi', disk: 'virtio' },
    (start) => installsSoftware(start),
    undefined,
  ),
  ...(Object.keys(tamperings) as TamperingName[])
    .filter((name) => name !== 'a byte of content')
    .map((name) =>
      bootCase(
        {
          ...{ id: `tampered-${name.replaceAll(' ', '-')}`, suite: 'full', goal: 'refused', seconds: 40 },
          proves: `${name}: found before any write`,
        },
        { medium: 'small', profile: 'usb-uefi-secureboot', disk: 'virtio', form: 'files on FAT32' },
        refusesTampering,
        name,
      ),
    ),
  bootCase(
    {
      ...{ id: 'locked', suite: 'full', goal: 'agent', seconds: 420 },
      proves:
        'a locked medium starts once its key is enrolled; with another command line, initramfs or root it does not',
    },
    { medium: 'locked', profile: 'usb-uefi-secureboot', disk: 'virtio' },
    lockedLevel,
    undefined,
  ),
  bootCase(
    {
      ...{ id: 'online-renewal', suite: 'full', goal: 'deployed', seconds: 420 },
      proves: 'a medium that is too old goes on in the boot image of the site, by kexec with Secure Boot, and deploys',
    },
    { medium: 'online', profile: 'cd-uefi-secureboot', disk: 'virtio', tpm: true },
    goesOnInNewer,
    undefined,
  ),
  bootCase(
    {
      ...{ id: 'refresh-bios', suite: 'full', goal: 'deployed', seconds: 900 },
      proves: 'a running Debian without UEFI does steps first, with an approved secret, then leaves for its boot image',
    },
    { medium: 'client', profile: 'usb-bios', disk: 'virtio', tpm: true },
    refreshes,
    afterSteps,
  ),
];

const prestaged: readonly BootCase[] = [
  bootCase(
    {
      ...{ id: 'prestaged-offline', suite: 'full', goal: 'deployed', seconds: 260 },
      proves: 'a disk laid by the commands of docs/staging.md deploys without a network; then the medium has gone',
    },
    { medium: 'prestagedOffline', profile: 'disk-uefi-secureboot', disk: 'virtio' },
    deploysFromItsDisk,
    undefined,
  ),
  bootCase(
    {
      ...{ id: 'prestaged-online', suite: 'full', goal: 'deployed', seconds: 330 },
      proves: 'a prestaged machine asks its server, and fetches no image: it lies on the disk',
    },
    { medium: 'prestagedOnline', profile: 'disk-uefi-secureboot', disk: 'virtio', tpm: true },
    deploysWithItsContent,
    undefined,
  ),
];

const volumes: readonly BootCase[] = [
  bootCase(
    {
      ...{ id: 'two-volumes', suite: 'full', goal: 'deployed', seconds: 260 },
      proves: 'media prove changes two discs in one drive as the agent asks for them; both compared before any write',
    },
    { medium: 'discs', profile: 'cd-uefi-secureboot', disk: 'virtio' },
    (start) => provenOnDiscs(start),
    undefined,
  ),
  bootCase(
    {
      ...{ id: 'wrong-volume', suite: 'full', goal: 'agent', seconds: 60 },
      proves: 'a disc of another medium and another volume of this one are named and refused, the right one is taken',
    },
    { medium: 'discs', profile: 'cd-bios', disk: 'ahci' },
    (start) => refusesWrongDiscs(start),
    undefined,
  ),
  bootCase(
    {
      ...{ id: 'single-partition', suite: 'full', goal: 'agent', seconds: 50 },
      proves: 'a stick with one FAT32 partition starts with BIOS',
    },
    { medium: 'single', profile: 'usb-bios', disk: 'virtio', form: 'USB image' },
    reachesAgent,
    {},
  ),
  bootCase(
    {
      ...{ id: 'single-partition-uefi', suite: 'full', goal: 'agent', seconds: 50 },
      proves: 'a stick with one FAT32 partition starts with Secure Boot',
    },
    { medium: 'single', profile: 'usb-uefi-secureboot', disk: 'nvme', form: 'USB image' },
    reachesAgent,
    {},
  ),
  bootCase(
    {
      ...{ id: 'stick-pulled', suite: 'full', goal: 'refused', seconds: 50 },
      proves: 'a stick that is pulled while it is read: the machine says so, nothing is written',
    },
    { medium: 'image', profile: 'usb-uefi', disk: 'virtio', form: 'USB image' },
    (start) => pulledWhileReading(start),
    undefined,
  ),
];

function dated(start: Start, how: { setTo?: string }): BootCase['run'] {
  return refusesDate({ ...start, clock: start.clock ?? '' }, how);
}

const captures: readonly BootCase[] = [
  bootCase(
    {
      ...{ id: 'capture-smb', suite: 'full', goal: 'deployed', seconds: 120 },
      proves: 'a machine captures to Samba with account and password; the server is killed and comes back',
    },
    { medium: 'capture', profile: 'cd-uefi', disk: 'virtio' },
    capturesToShare,
    { kind: 'smb', fault: 'server killed' },
  ),
  bootCase(
    {
      ...{ id: 'capture-nfs', suite: 'full', goal: 'deployed', seconds: 120 },
      proves: 'a machine captures to an NFS export; the cable is pulled and plugged in again',
    },
    { medium: 'capture', profile: 'cd-bios', disk: 'nvme' },
    capturesToShare,
    { kind: 'nfs', fault: 'cable pulled' },
  ),
  bootCase(
    {
      ...{ id: 'capture-share-gone', suite: 'full', goal: 'failed', seconds: 240 },
      proves: 'a share that never comes back ends the capture with its code; nothing stands under the name',
    },
    { medium: 'capture', profile: 'cd-uefi', disk: 'ahci' },
    capturesToShare,
    { kind: 'smb', fault: 'server gone for good' },
  ),
  bootCase(
    {
      ...{ id: 'capture-https', suite: 'full', goal: 'deployed', seconds: 150 },
      proves: 'a machine sends its image to a site; the server is killed in the middle, and only the rest is sent',
    },
    { medium: 'capture', profile: 'cd-bios', disk: 'virtio' },
    capturesToServer,
    undefined,
  ),
  bootCase(
    {
      ...{ id: 'capture-running', suite: 'full', goal: 'deployed', seconds: 240 },
      proves:
        'a running Debian is asked by capture.sh, starts the boot environment without its firmware, and is captured',
    },
    { medium: 'sealedCapture', profile: 'cd-bios', disk: 'virtio' },
    capturesFromRunningSystem,
    undefined,
  ),
];

export const bootCases: readonly BootCase[] = [...core, ...running, ...full, ...captures, ...prestaged, ...volumes];

/** Shard `index` of `count` (from 1): cases are dealt out, longest first, to the shard that has least to do. */
export function shardOf(cases: readonly BootCase[], index: number, count: number): BootCase[] {
  const shards = Array.from({ length: count }, () => ({ seconds: 0, cases: [] as BootCase[] }));
  for (const each of cases.toSorted((a, b) => b.seconds - a.seconds)) {
    const least = shards.reduce((a, b) => (b.seconds < a.seconds ? b : a));
    least.seconds += each.seconds;
    least.cases.push(each);
  }
  return shards[index - 1]?.cases ?? [];
}
