import * as z from 'zod';
import { BootwrightError } from '../model/error.ts';
import type { Disk } from '../model/machine.ts';
import { formatBytes } from '../model/quantity.ts';
import { number, oneOf, quantity, text, toBytes, toNumber } from './settings.ts';

export const diskRule = z.strictObject({
  index: number.optional().describe('Number of the disk, from 0, in the order of the bus.'),
  serial: text.optional().describe('Serial number of the disk.'),
  bus: oneOf(['nvme', 'sata', 'scsi', 'virtio', 'usb', 'mmc']).optional(),
  minimumSize: quantity.optional(),
  maximumSize: quantity.optional(),
  rule: oneOf(['largest', 'smallest', 'only'])
    .optional()
    .describe('Which one, when several fit. only (the default): there must be no second one.'),
});

export type DiskRule = z.infer<typeof diskRule>;

/**
 * The one disk a rule means. A rule never picks a removable disk or one on USB unless it says `bus: usb` or names it:
 * what hangs outside the case is more often somebody's backup than the machine's own disk.
 *
 * @throws BW-DISK-001 none fits, BW-DISK-004 more than one fits
 */
export function selectDisk(disks: readonly Disk[], rule: DiskRule): Disk {
  const text = describeDiskRule(rule);
  const candidates = disks.filter((disk) => fits(disk, rule));
  const [first, second] = sorted(candidates, rule.rule ?? 'only');
  if (first === undefined) {
    const others =
      disks.length === 0 ? 'This machine shows no disk at all.' : `It has: ${disks.map(describeDisk).join('; ')}.`;
    throw new BootwrightError('BW-DISK-001', `No disk fits ${text}: nothing was erased. ${others}`);
  }
  const tied =
    rule.rule === 'largest' || rule.rule === 'smallest'
      ? candidates.filter((disk) => disk.sizeBytes === first.sizeBytes)
      : candidates;
  if (second !== undefined && tied.length > 1)
    throw new BootwrightError(
      'BW-DISK-004',
      `${tied.length} disks fit ${text}: nothing was erased. They are: ${tied.map(describeDisk).join('; ')}.`,
    );
  return first;
}

/** `/dev/sda, Samsung SSD 980, serial S64D, 465.8 GiB, nvme` */
export function describeDisk(disk: Disk): string {
  const serial = disk.serial === '' ? 'no serial number' : `serial ${disk.serial}`;
  return [disk.path, disk.model, serial, formatBytes(disk.sizeBytes), disk.bus]
    .filter((part) => part !== '')
    .join(', ');
}

export function describeDiskRule(rule: DiskRule): string {
  if (rule.index !== undefined) return `disk number ${rule.index}`;
  const parts = [
    rule.rule === undefined ? undefined : `rule "${rule.rule}"`,
    rule.serial === undefined ? undefined : `serial ${rule.serial}`,
    rule.bus === undefined ? undefined : `bus ${rule.bus}`,
    rule.minimumSize === undefined ? undefined : `at least ${rule.minimumSize}`,
    rule.maximumSize === undefined ? undefined : `at most ${rule.maximumSize}`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? 'rule "only"' : parts.join(', ');
}

function fits(disk: Disk, rule: DiskRule): boolean {
  if (rule.index !== undefined && rule.index !== '') return disk.index === toNumber(rule.index, 'disk.index');
  const isOutside = disk.removable || disk.bus === 'usb';
  if (isOutside && rule.bus !== 'usb' && rule.serial === undefined) return false;
  return (
    (rule.serial === undefined || disk.serial.trim().toLowerCase() === rule.serial.trim().toLowerCase()) &&
    (rule.bus === undefined || disk.bus === rule.bus) &&
    (rule.minimumSize === undefined || disk.sizeBytes >= toBytes(rule.minimumSize, 'disk.minimumSize')) &&
    (rule.maximumSize === undefined || disk.sizeBytes <= toBytes(rule.maximumSize, 'disk.maximumSize'))
  );
}

function sorted(disks: readonly Disk[], rule: 'largest' | 'smallest' | 'only'): readonly Disk[] {
  const direction = rule === 'largest' ? -1 : rule === 'smallest' ? 1 : 0;
  return [...disks].sort((a, b) => direction * (a.sizeBytes - b.sizeBytes));
}
