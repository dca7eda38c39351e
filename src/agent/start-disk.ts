import { exists, rm, writeAtomically } from '../host/files.ts';
import { setBootNext } from '../machine/linux/firmware.ts';
import { bootEntryLabel } from './boot-entries.ts';
import type { AgentContext } from './context.ts';
import { shortId, stateFolder } from './paths.ts';

/** Loaders of an installed system, best first: a distribution's own, then what firmware starts by default. */
const loaders: Readonly<Record<'x64' | 'arm64', readonly string[]>> = {
  x64: ['EFI/debian/shimx64.efi', 'EFI/BOOT/BOOTX64.EFI'],
  arm64: ['EFI/debian/shimaa64.efi', 'EFI/BOOT/BOOTAA64.EFI'],
};

export interface DiskToStart {
  /** `PARTUUID=…` of the operating system volume. */
  readonly volume: string;
  /** Where it is mounted. */
  readonly root: string;
  readonly mediumId: string;
}

/**
 * Makes the next start come from the disk although the medium is still there and first in the firmware's order: by a
 * marker the medium's GRUB looks for, and on UEFI by BootNext as well. Firmware that forgets BootNext is common, so
 * its failure is no error.
 */
export async function startFromDisk(context: AgentContext, { volume, root, mediumId }: DiskToStart): Promise<void> {
  await writeAtomically(diskMarker(root, mediumId), '', 0o600);
  await setFirmwareToDisk(context, volume);
}

/** BootNext alone, for what the medium's GRUB recognises by itself: a finished run. Nothing is written to the disk. */
export async function setFirmwareToDisk(context: AgentContext, volume: string): Promise<void> {
  const { firmware, architecture } = await context.machine.facts();
  if (firmware !== 'uefi') return;
  try {
    const { disk } = await context.machine.volume(volume);
    const { partitions } = await context.machine.partitionTable(disk);
    const system = partitions.find(({ type }) => type === 'efi');
    if (system === undefined) throw new Error(`${disk} has no EFI system partition`);
    const folder = await context.machine.mount(`PARTUUID=${system.uuid}`);
    const loader = await firstThatExists(folder, loaders[architecture]);
    await context.machine.unmount(`PARTUUID=${system.uuid}`);
    if (loader === undefined) throw new Error(`the EFI system partition of ${disk} has no loader`);
    await setBootNext(disk, system.number, bootEntryLabel, `\\${loader.replaceAll('/', '\\')}`);
  } catch (error) {
    const text = `BootNext was not set: ${error instanceof Error ? error.message : String(error)}`;
    context.emit({ type: 'log', severity: 'warning', component: 'Agent', text });
  }
}

/** The next start may come from the medium again. */
export async function startFromMedium(root: string, mediumId: string): Promise<void> {
  await rm(diskMarker(root, mediumId), { force: true });
}

function diskMarker(root: string, mediumId: string): string {
  return `${root}/${stateFolder}/boot-disk.${shortId(mediumId)}`;
}

async function firstThatExists(folder: string, files: readonly string[]): Promise<string | undefined> {
  for (const file of files) if (await exists(`${folder}/${file}`)) return file;
  return undefined;
}
