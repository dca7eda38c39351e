import { createHash } from 'node:crypto';
import type { Disk, MachineFacts, PrestagedPart } from '../../model/machine.ts';

/** A machine as data: JSON that can be written down before and after, and compared. */
export interface SimulatedModel {
  environment: 'boot' | 'deployed';
  facts: MachineFacts;
  disks: SimulatedDisk[];
  /** Of the boot environment, by absolute path. */
  files: SimulatedFiles;
  /** Every command that was run, inside the applied system ones with its root in front. */
  commands: string[];
  /** What questions are answered with, by command: an exit code. */
  answers: Record<string, number>;
}

export interface SimulatedDisk extends Omit<Disk, 'index' | 'contents' | 'prestaged'> {
  prestaged?: PrestagedPart;
  style: 'gpt' | 'mbr' | 'none';
  /** Whether the first sector starts GRUB. */
  bootCode: '' | 'grub';
  partitions: SimulatedPartition[];
}

export interface SimulatedPartition {
  number: number;
  name: string;
  type: string;
  startBytes: number;
  sizeBytes: number;
  uuid: string;
  fileSystem: string;
  label: string;
  volumeUuid: string;
  /** `<file>#<index>` of the image that was applied last. */
  image: string;
  files: SimulatedFiles;
}

export type SimulatedFiles = Record<string, SimulatedFile>;

/** `text`, or bytes as Base64, or where a symbolic link points. */
export type SimulatedFile = { readonly mode: string } & (
  | { readonly text: string }
  | { readonly base64: string }
  | { readonly link: string }
);

const defaultFacts: MachineFacts = {
  firmware: 'uefi',
  secureBoot: true,
  architecture: 'x64',
  make: 'Simulated',
  model: 'Machine',
  serialNumber: 'SIM-0001',
  assetTag: '',
  uuid: '00000000-0000-0000-0000-000000000001',
  memoryBytes: 4 * 2 ** 30,
  macAddresses: ['52:54:00:00:00:01'],
  tpm: false,
};

/** A machine in the boot environment with empty disks; by default one NVMe disk of 64 GiB. */
export function blankModel(
  options: { readonly facts?: Partial<MachineFacts>; readonly disks?: readonly Partial<SimulatedDisk>[] } = {},
): SimulatedModel {
  const disks = (options.disks ?? [{}]).map(
    (disk, index): SimulatedDisk => ({
      path: `/dev/nvme${index}n1`,
      serial: `DISK-${index}`,
      model: 'Simulated SSD',
      bus: 'nvme',
      sizeBytes: 64 * 2 ** 30,
      sectorSize: 512,
      removable: false,
      style: 'none',
      bootCode: '',
      partitions: [],
      ...disk,
    }),
  );
  return {
    environment: 'boot',
    facts: { ...defaultFacts, ...options.facts },
    disks,
    files: {},
    commands: [],
    answers: {},
  };
}

export interface Difference {
  /** `/disks/0/partitions/1/label` */
  readonly path: string;
  /** Absent when it was not there. */
  readonly before?: unknown;
  /** Absent when it is no longer there. */
  readonly after?: unknown;
}

/** What changed, leaf by leaf, in order of the path. */
export function difference(before: unknown, after: unknown, path = ''): Difference[] {
  if (isTree(before) && isTree(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    return names.flatMap((name) => difference(before[name], after[name], `${path}/${name.replaceAll('/', '~1')}`));
  }
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  return [{ path, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) }];
}

function isTree(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** A UUID that depends on nothing but its seed, so that two simulations are equal. */
export function derivedUuid(seed: string): string {
  const hex = createHash('sha256').update(seed).digest('hex');
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-4$3-8$4-$5');
}
