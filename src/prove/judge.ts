import { hashFile, stat } from '../host/files.ts';
import { Ext4Image, inspectDiskImage, isBlank } from './disk-image.ts';
import { efiSystemType, type FoundTable } from './partition-table.ts';
import type { Expectation } from './script.ts';

/** One thing that was looked at after the run, on the host, with foreign programs. */
export interface Check {
  readonly name: string;
  readonly passed: boolean;
  /** What was found. */
  readonly found: string;
}

/** The target disk after a run that only went as far as the agent: untouched. `before`: SHA-256 of one that was not blank. */
export async function judgeUntouched(disk: string, before?: string): Promise<Check[]> {
  if (before !== undefined) {
    const passed = (await hashFile(disk)) === before;
    return [{ name: 'target disk untouched', passed, found: passed ? 'same SHA-256' : 'it was changed' }];
  }
  const blank = await isBlank(disk);
  return [
    {
      name: 'target disk untouched',
      passed: blank,
      found: blank ? 'not a byte was written' : `${(await stat(disk)).blocks * 512} bytes were written`,
    },
  ];
}

export interface DeployedFacts {
  readonly mediumId: string;
  readonly uefi: boolean;
  /** The system was shut down and not cut off. */
  readonly shutDown: boolean;
  /** SHA-256 of a disk that was not blank. */
  readonly before?: string;
}

/** The target disk after a deployment: table, file systems, and nothing of us left but the log. */
export async function judgeDeployed(disk: string, facts: DeployedFacts): Promise<Check[]> {
  const table = await inspectDiskImage(disk);
  const checks: Check[] = [judgeTable(table)];
  const root = table.partitions
    .filter(({ fileSystem }) => fileSystem === 'ext4')
    .toSorted((a, b) => b.sizeBytes - a.sizeBytes)[0];
  if (facts.uefi) {
    const efi = table.partitions.find(({ type }) => type === efiSystemType);
    checks.push({
      name: 'EFI system partition',
      passed: efi?.fileSystem === 'fat',
      found: efi === undefined ? 'none' : `partition ${efi.number}, ${efi.fileSystem}`,
    });
  }
  if (root === undefined) return [...checks, { name: 'root file system', passed: false, found: 'no ext4 partition' }];
  const image = new Ext4Image(disk, root);
  const faults = facts.shutDown ? await image.faults() : '';
  checks.push(
    {
      name: 'root file system',
      passed: faults === '',
      found: faults === '' ? `partition ${root.number}, ext4${facts.shutDown ? ', e2fsck finds nothing' : ''}` : faults,
    },
    ...(await judgeTraces(image, facts.mediumId)),
  );
  return checks;
}

function judgeTable({ style, sectorSize, partitions, faults }: FoundTable): Check {
  return {
    name: 'partition table',
    passed: style !== 'none' && partitions.length > 0 && faults.length === 0,
    found:
      faults.length > 0 ? faults.join('; ') : `${style}, ${sectorSize}-byte sectors, ${partitions.length} partitions`,
  };
}

/** The agent takes its state, key, Node and itself away; its log and the mark of the finished run stay. */
async function judgeTraces(image: Ext4Image, mediumId: string): Promise<Check[]> {
  const state = await image.list('/_SMSTaskSequence');
  const logs = (await image.list('/var/log/bootwright')) ?? [];
  const mark = `finished.${mediumId.slice(0, 16)}`;
  return [
    {
      name: 'agent removed',
      passed: state === undefined,
      found: state === undefined ? 'nothing left' : `/_SMSTaskSequence holds ${state.join(', ')}`,
    },
    {
      name: 'finished run marked',
      passed: logs.includes(mark),
      found: logs.length === 0 ? 'no /var/log/bootwright' : logs.join(', '),
    },
  ];
}

/** What the state of the disk must be for an expectation. */
export async function judgeDisk(disk: string, expect: Expectation, facts: DeployedFacts): Promise<Check[]> {
  return expect === 'agent' ? await judgeUntouched(disk, facts.before) : await judgeDeployed(disk, facts);
}
