import type { Disk } from '../../model/machine.ts';
import { diskOf, namesIn, readValue, realPlace } from './sysfs.ts';

/** Kernel names that are no disks: loop and RAM disks, optical and floppy drives, mapped and assembled devices. */
const notDisks = /^(loop|ram|zram|sr|fd|dm-|md|nbd|mtdblock)|^mmcblk\d+(boot\d+|rpmb)$/;

export interface DiskSearch {
  /** Devices the boot medium lies on; their disks are never offered. */
  readonly sources: readonly string[];
  /** The only devices that count as disks, loop devices included: for tests. */
  readonly only?: readonly string[];
  /** Says in words what is on a disk, given its device and its place in sysfs; costs a look into every volume. */
  readonly describe?: (disk: string, place: string) => Promise<string>;
}

/** All disks but those of the boot medium, by bus path, so that the order does not change from start to start. */
export async function listDisks(search: DiskSearch): Promise<Disk[]> {
  const excluded = await sourceDisks(search.sources);
  const names = (await namesIn('/sys/block')).filter(
    (name) => (search.only?.includes(`/dev/${name}`) ?? !notDisks.test(name)) && !excluded.has(name),
  );
  const placed = await Promise.all(names.map(async (name) => ({ name, place: await realPlace(`/sys/block/${name}`) })));
  placed.sort((a, b) => a.place.localeCompare(b.place, 'en', { numeric: true }));
  const disks: Disk[] = [];
  for (const { name, place } of placed) {
    const sizeBytes = Number(await readValue(`${place}/size`)) * 512;
    if (sizeBytes === 0) continue;
    disks.push({
      path: `/dev/${name}`,
      index: disks.length,
      serial: await serialOf(place),
      model: await modelOf(name, place),
      bus: busOf(name, place),
      sizeBytes,
      sectorSize: Number(await readValue(`${place}/queue/logical_block_size`)) || 512,
      removable: (await readValue(`${place}/removable`)) === '1',
      contents: (await search.describe?.(`/dev/${name}`, place)) ?? '',
    });
  }
  return disks;
}

/** Kernel names of the disks on which the given devices lie. */
export async function sourceDisks(sources: readonly string[]): Promise<Set<string>> {
  const names = sources.map((source) => source.replace(/^\/dev\//, '').trim()).filter((name) => name !== '');
  return new Set(await Promise.all(names.map(diskOf)));
}

function busOf(name: string, place: string): Disk['bus'] {
  if (/\/usb\d+\//.test(place)) return 'usb';
  if (name.startsWith('nvme')) return 'nvme';
  if (name.startsWith('mmcblk')) return 'mmc';
  if (name.startsWith('vd')) return 'virtio';
  if (/\/ata\d+\//.test(place)) return 'sata';
  return name.startsWith('sd') ? 'scsi' : 'unknown';
}

async function modelOf(name: string, place: string): Promise<string> {
  const parts = [await readValue(`${place}/device/vendor`), await readValue(`${place}/device/model`)];
  // libata reports the vendor "ATA" for everything; virtio the PCI vendor id.
  const known = parts.filter((part) => part !== '' && part !== 'ATA' && !part.startsWith('0x'));
  return known.length > 0
    ? known.join(' ')
    : name.startsWith('vd')
      ? 'virtio disk'
      : await readValue(`${place}/device/name`);
}

async function serialOf(place: string): Promise<string> {
  for (const file of ['device/serial', 'serial', 'device/vpd_pg80']) {
    // Page 80h: four bytes of header, then the serial number.
    const value = (await readValue(`${place}/${file}`)).replace(/^[\x00-\x1f\x80-\uffff]+/, '').trim();
    if (value !== '') return value;
  }
  // USB bridges answer with the serial number of the USB device, some levels up.
  const usb = /^(.*\/usb\d+\/(?:[\d.-]+\/)*?[\d.-]+)\/[\d.-]+:/.exec(place)?.[1];
  return usb === undefined ? '' : readValue(`${usb}/serial`);
}
