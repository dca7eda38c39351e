import { readBytes, readdir, realpath } from '../../host/files.ts';

/** A sysfs or procfs value without its line feed; empty when the file does not exist or cannot be read. */
export async function readValue(path: string): Promise<string> {
  const bytes = await readBytes(path).catch(() => new Uint8Array());
  return new TextDecoder().decode(bytes).replaceAll('\0', '').trim();
}

export async function namesIn(path: string): Promise<string[]> {
  return (await readdir(path).catch(() => [])).sort();
}

/** The real place of a sysfs link; empty when there is none. */
export async function realPlace(path: string): Promise<string> {
  return realpath(path).catch(() => '');
}

/** Kernel name of the disk a block device belongs to: `sda` for `sda2`, itself for a disk. */
export async function diskOf(name: string): Promise<string> {
  const place = await realPlace(`/sys/class/block/${name}`);
  const isPartition = (await readValue(`${place}/partition`)) !== '';
  return isPartition ? (place.split('/').at(-2) ?? name) : name;
}

/** Partition device of a disk: a `p` stands between when the disk's name ends with a digit. */
export function partitionDevice(disk: string, number: number): string {
  return `${disk}${/\d$/.test(disk) ? 'p' : ''}${number}`;
}
