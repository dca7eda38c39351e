import { run } from '../../host/process.ts';
import { BootwrightError } from '../../model/error.ts';

/**
 * Makes the firmware start `loader` (`\\EFI\\debian\\shimx64.efi`) of a partition at the next start, whatever else
 * comes first in the boot order, and keeps the entry for later starts.
 *
 * @throws BW-HOST-001, BW-HOST-002, BW-STEP-018 when the firmware did not keep it
 */
export async function setBootNext(disk: string, partition: number, label: string, loader: string): Promise<void> {
  // Every run would leave one more entry in a store that holds few.
  for (const number of entriesOf(await list(), label))
    await run('efibootmgr', ['--quiet', '--bootnum', number, '--delete-bootnum']);
  const create = [
    '--quiet',
    '--create',
    '--disk',
    disk,
    '--part',
    String(partition),
    '--label',
    label,
    '--loader',
    loader,
  ];
  await run('efibootmgr', create);
  const [number] = entriesOf(await list(), label);
  if (number === undefined)
    throw new BootwrightError('BW-STEP-018', `The firmware did not keep the boot entry "${label}".`);
  await run('efibootmgr', ['--quiet', '--bootnext', number]);
  if (!(await list()).includes(`BootNext: ${number}`))
    throw new BootwrightError('BW-STEP-018', `The firmware did not keep BootNext ${number}.`);
}

async function list(): Promise<string> {
  return (await run('efibootmgr', [])).stdout;
}

/** Numbers of the entries with this label in `efibootmgr`'s list: `Boot0003* Debian<TAB>HD(…)`. */
export function entriesOf(listing: string, label: string): string[] {
  return listing.split('\n').flatMap((line) => {
    const match = /^Boot([0-9A-F]{4})\*?\s+([^\t]*)/i.exec(line);
    return match?.[1] !== undefined && match[2]?.trim() === label ? [match[1].toUpperCase()] : [];
  });
}
