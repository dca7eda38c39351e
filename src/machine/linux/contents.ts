import { exists, mkdir } from '../../host/files.ts';
import { run } from '../../host/process.ts';
import { randomId } from '../../host/random.ts';
import { probe } from './probe.ts';
import { namesIn, readValue } from './sysfs.ts';

/** What is on a disk, for the person who is asked whether it may be erased: `2 partitions: vfat "EFI", ext4 (Debian 12)`. */
export async function describeContents(disk: string, place: string, runFolder: string): Promise<string> {
  const name = disk.replace(/^\/dev\//, '');
  const partitions: string[] = [];
  for (const entry of await namesIn(place))
    if (entry.startsWith(name) && (await readValue(`${place}/${entry}/partition`)) !== '') partitions.push(entry);
  if (partitions.length === 0) {
    const words = await describeVolume(disk, runFolder);
    return words === '' ? 'empty' : `no partitions, ${words}`;
  }
  partitions.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const volumes: string[] = [];
  for (const partition of partitions) {
    const words = await describeVolume(`/dev/${partition}`, runFolder);
    if (words !== '') volumes.push(words);
  }
  const count = `${partitions.length} ${partitions.length === 1 ? 'partition' : 'partitions'}`;
  return volumes.length === 0 ? `${count} without file systems` : `${count}: ${volumes.join(', ')}`;
}

async function describeVolume(device: string, runFolder: string): Promise<string> {
  const { fileSystem, label } = await probe(device);
  if (fileSystem === '') return '';
  const system = await systemOn(device, fileSystem, runFolder);
  return [fileSystem, label === '' ? '' : `"${label}"`, system === '' ? '' : `(${system})`].filter(Boolean).join(' ');
}

/** Looks for an operating system without changing a bit: `noload` leaves even the journal of ext4 alone. */
export async function systemOn(device: string, fileSystem: string, runFolder: string): Promise<string> {
  const options = { ext4: ['ext4', 'ro,noload'], ntfs: ['ntfs-3g', 'ro'], xfs: ['xfs', 'ro,norecovery'] }[fileSystem];
  if (options === undefined) return '';
  const [type = '', flags = ''] = options;
  const folder = `${runFolder}/look-${randomId()}`;
  await mkdir(folder, { recursive: true });
  try {
    await run('mount', ['-t', type, '-o', flags, device, folder], { timeoutMilliseconds: 20_000 });
    try {
      return await systemIn(folder);
    } finally {
      await run('umount', [folder]);
    }
  } catch {
    // Damaged, or in use by somebody else: then the file system's name has to do.
    return '';
  } finally {
    // Not a recursive removal: should the volume still be mounted here, nothing of it must go.
    await run('rmdir', [folder], { accept: [1] });
  }
}

/** The operating system below a mounted root. */
export async function systemIn(folder: string): Promise<string> {
  if (await exists(`${folder}/Windows/System32`)) return 'Windows';
  const release = (await readValue(`${folder}/usr/lib/os-release`)) || (await readValue(`${folder}/etc/os-release`));
  return /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(release)?.[1] ?? '';
}
