import { BootwrightError } from '../../model/error.ts';
import type { Machine, VolumeFacts } from '../../model/machine.ts';
import type { StepContext } from '../../model/step.ts';
import { captureObstacle, type ReferenceSystem } from '../reference-system/find.ts';

const captured: readonly string[] = ['ext4', 'xfs', 'ntfs', 'vfat'];
/** Made anew with the partitions of every machine, and filled by what makes it start. */
const unwanted: readonly string[] = ['efi', 'msr', 'bios-boot'];

/** The system's volume first, then the others of its disk in their order. @throws BW-STEP-112 */
export async function volumesToCapture(
  machine: Machine,
  { volume: system, name }: ReferenceSystem,
  log: StepContext['log'],
): Promise<VolumeFacts[]> {
  const obstacle = captureObstacle(system.fileSystem);
  if (obstacle !== undefined || !captured.includes(system.fileSystem))
    throw new BootwrightError(
      'BW-STEP-112',
      `${name} on ${system.device} ${obstacle ?? `lies on ${system.fileSystem}`}, which cannot be captured.`,
    );
  const volumes = [system];
  for (const { device, type } of (await machine.partitionTable(system.disk)).partitions) {
    if (device === system.device || unwanted.includes(type)) continue;
    const facts = await machine.volume(device);
    if (captured.includes(facts.fileSystem)) volumes.push(facts);
    else if (facts.fileSystem !== '' && facts.fileSystem !== 'swap') {
      const reason = captureObstacle(facts.fileSystem) ?? `has ${facts.fileSystem}`;
      log('warning', `${device} ${reason}: it is not part of the image.`);
    }
  }
  return volumes;
}
