import { BootwrightError } from '../../model/error.ts';
import type { Machine, VolumeFacts } from '../../model/machine.ts';
import type { StepContext } from '../../model/step.ts';
import { findVolume, volumeVariables } from '../volumes.ts';

/** The operating system on this machine that is to become an image. */
export interface ReferenceSystem {
  readonly volume: VolumeFacts;
  /** `Windows`, or as os-release says. */
  readonly name: string;
  readonly isWindows: boolean;
}

/** What is on a volume, where it says why it cannot be looked into. */
const closed: Readonly<Record<string, string>> = {
  BitLocker: 'is encrypted with BitLocker',
  crypto_LUKS: 'is encrypted (LUKS)',
  LVM2_member: 'is part of LVM',
  linux_raid_member: 'is part of a RAID',
  btrfs: 'has btrfs, whose subvolumes a WIM cannot hold',
};

/**
 * The volume with the system: the one that is named, the one this run applied an image to, else the only one on the
 * disks of this machine. Looking changes no byte. @throws BW-STEP-014, BW-STEP-112, BW-DISK-008
 */
export async function findReferenceSystem(
  machine: Machine,
  { variables }: Pick<StepContext, 'variables'>,
  named: string | undefined,
): Promise<ReferenceSystem> {
  const reference = [named, variables.get(volumeVariables.system)].find((name) => name !== undefined && name !== '');
  if (reference !== undefined) {
    const volume = await findVolume(machine, reference);
    const name = await machine.systemOn(volume.device);
    if (name !== '') return { volume, name, isWindows: name === 'Windows' };
    throw noSystem(`${volume.device} (${volume.fileSystem || 'no file system'}) holds no operating system`);
  }
  const found: ReferenceSystem[] = [];
  const reasons: string[] = [];
  for (const disk of await machine.disks()) {
    // A system on a stick is somebody's rescue system, not the machine's.
    if (disk.bus === 'usb' || disk.removable) continue;
    const table = await machine.partitionTable(disk.path).catch((error: Error) => {
      reasons.push(error.message);
      return undefined;
    });
    for (const { device } of table?.partitions ?? []) {
      const volume = await machine.volume(device);
      const name = await machine.systemOn(device);
      if (name !== '') found.push({ volume, name, isWindows: name === 'Windows' });
      const reason = closed[volume.fileSystem];
      if (reason !== undefined) reasons.push(`${device} ${reason}`);
    }
  }
  const [only] = found;
  if (only === undefined)
    throw noSystem(
      `no disk of this machine holds an operating system that can be captured${reasons.length === 0 ? '' : `: ${reasons.join('; ')}`}`,
    );
  if (found.length > 1)
    throw new BootwrightError(
      'BW-STEP-014',
      `This machine holds several systems: ${found.map(({ name, volume }) => `${name} on ${volume.device}`).join(', ')}. Nothing was changed.`,
      { fix: 'Name the volume of the one that is meant in the setting `volume`.' },
    );
  return only;
}

/** Why a volume of this file system cannot be captured; `undefined` when it can. */
export function captureObstacle(fileSystem: string): string | undefined {
  return closed[fileSystem];
}

function noSystem(reason: string): BootwrightError {
  return new BootwrightError('BW-STEP-112', `There is nothing to capture: ${reason}. Nothing was changed.`);
}
