import type { Disk } from '../../host/disks.ts';
import { BootwrightError } from '../../model/error.ts';
import { formatBytes } from '../../model/quantity.ts';

/**
 * The disks a person named: each by its serial, or where serials are missing or equal by `PATH=SIZE`, the size in bytes
 * as it was shown, so that a path that means another stick by now is noticed.
 *
 * @throws BW-MEDIA-082 nothing or several things have that name, BW-MEDIA-083 it cannot be written
 */
export function chooseDisks(disks: readonly Disk[], names: readonly string[], needed: number): Disk[] {
  const chosen = names.map((name) => named(disks, name));
  for (const [index, disk] of chosen.entries()) {
    refuseUnfit(disk, needed);
    if (chosen.indexOf(disk) !== index)
      throw new BootwrightError('BW-MEDIA-082', `${disk.path} was named twice. Nothing was written.`);
  }
  return chosen;
}

/** How a disk is to be named on the command line. */
export function nameOf(disk: Disk, disks: readonly Disk[]): string {
  const alike = disks.filter(({ serial }) => serial === disk.serial);
  return disk.serial === '' || alike.length > 1 || disk.serial.includes('=')
    ? `${disk.path}=${disk.size}`
    : disk.serial;
}

function named(disks: readonly Disk[], name: string): Disk {
  const [, path, size] = /^(\/.+)=(\d+)$/.exec(name) ?? [];
  const found =
    path === undefined
      ? disks.filter(({ serial }) => serial !== '' && serial === name)
      : disks.filter((disk) => disk.path === path && disk.size === Number(size));
  const [disk] = found;
  if (disk !== undefined && found.length === 1) return disk;
  const asPath = disks.find((each) => each.path === name || each.path === path);
  const why =
    found.length > 1
      ? `${found.length} sticks have the serial ${name}: ${found.map((each) => nameOf(each, disks)).join(', ')}`
      : asPath === undefined
        ? `no stick has the serial ${JSON.stringify(name)}`
        : path === undefined
          ? `a path alone may mean another stick by now: name it ${nameOf(asPath, disks)}`
          : `${asPath.path} has ${asPath.size} bytes, not ${size}: it is another stick`;
  throw new BootwrightError('BW-MEDIA-082', `It is not clear which stick is meant: ${why}. Nothing was written.`);
}

/** @throws BW-MEDIA-083 */
export function refuseUnfit(disk: Disk, needed: number): void {
  const why =
    disk.uses.length > 0
      ? `it is in use (${disk.uses.join(', ')})`
      : disk.readOnly
        ? 'it is write-protected'
        : disk.size < needed
          ? `it holds ${formatBytes(disk.size)}, and ${formatBytes(needed)} are needed`
          : disk.sectorSize !== 512
            ? `it has sectors of ${disk.sectorSize} bytes, and the medium was made for 512`
            : undefined;
  if (why === undefined) return;
  const fix = disk.uses.length > 0 ? { fix: `Unmount it first: umount ${disk.uses[0] ?? disk.path}` } : {};
  throw new BootwrightError('BW-MEDIA-083', `${disk.path} cannot be written: ${why}. Nothing was written.`, fix);
}
