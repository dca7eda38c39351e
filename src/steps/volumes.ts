import { BootwrightError } from '../model/error.ts';
import type { Machine, VolumeFacts } from '../model/machine.ts';
import type { StepContext } from '../model/step.ts';

/** Variables by which steps tell each other about volumes; all hold `PARTUUID=…`. */
export const volumeVariables = {
  /** Formatted in this run and waiting for an operating system, comma-separated. */
  waiting: 'OSDTargetVolumes',
  /** Holds the operating system that was applied. */
  system: 'OSDTargetSystemDrive',
  /** Where the state of the run is kept. */
  state: 'BootwrightStateVolume',
  /** Partitions of the prestaged medium on the same disk, comma-separated. */
  medium: 'BootwrightMediumVolumes',
} as const;

/** The name of a volume that stays the same when disks change their device names. */
export function stableName(facts: Pick<VolumeFacts, 'partitionUuid'>): string {
  return `PARTUUID=${facts.partitionUuid}`;
}

/** @throws BW-STEP-014 when no image was applied in this run */
export async function systemVolume(machine: Machine, context: StepContext, named?: string): Promise<string> {
  const reference = named ?? context.variables.get(volumeVariables.system);
  if (reference === undefined || reference === '')
    throw new BootwrightError('BW-STEP-014', 'No operating system was applied in this run, and no volume is named.');
  return stableName(await findVolume(machine, reference));
}

/** A volume by `PARTUUID=…`, device or `LABEL=…`. @throws BW-DISK-008, BW-STEP-014 */
export async function findVolume(machine: Machine, reference: string): Promise<VolumeFacts> {
  const name = reference.trim();
  if (name === '' || name.includes('%'))
    throw new BootwrightError('BW-STEP-014', `"${reference}" names no volume: the variable in it has no value.`);
  if (name.startsWith('PARTUUID=') || name.startsWith('/dev/')) return machine.volume(name);
  const label = name.replace(/^LABEL=/, '');
  const found: VolumeFacts[] = [];
  for (const disk of await machine.disks()) {
    const { partitions } = await machine.partitionTable(disk.path);
    // A stick without a table is a volume itself.
    for (const { device } of partitions.length === 0 ? [{ device: disk.path }] : partitions) {
      const facts = await machine.volume(device).catch(() => undefined);
      if (facts?.label.toLowerCase() === label.toLowerCase()) found.push(facts);
    }
  }
  const [only] = found;
  if (only === undefined) throw new BootwrightError('BW-DISK-008', `No volume has the label "${label}".`);
  if (found.length > 1)
    throw new BootwrightError(
      'BW-STEP-014',
      `${found.length} volumes have the label "${label}": ${found.map(({ device }) => device).join(', ')}. Nothing was changed.`,
    );
  return only;
}
