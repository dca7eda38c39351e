import { BootwrightError } from '../model/error.ts';
import type { Disk } from '../model/machine.ts';
import { formatBytes } from '../model/quantity.ts';
import { toBytes } from './settings.ts';

/** Partitions begin and end on whole MiB: right for every sector and flash page size. */
const grain = 2 ** 20;

/** Bytes there are for partitions: the first and last MiB hold the partition table and its copy. */
export function usableBytes({ sizeBytes, prestaged }: Pick<Disk, 'sizeBytes' | 'prestaged'>): number {
  return prestaged?.usableBytes ?? Math.floor(sizeBytes / grain) * grain - 2 * grain;
}

export interface WantedSize {
  readonly name: string;
  /** `512 MB`, `20 GB`, `50%`, or a number with `units`. */
  readonly size: number | string;
  readonly units?: 'mb' | 'gb' | 'percent';
}

/**
 * Sizes in bytes, in order. A percentage is of what the partitions before it have left, as in Configuration Manager,
 * so `100%` takes the rest.
 *
 * @throws BW-DISK-005, BW-STEP-002
 */
export function resolveSizes(usable: number, wanted: readonly WantedSize[]): number[] {
  let left = usable;
  return wanted.map(({ name, size, units = 'mb' }) => {
    const percent = percentOf(size, units);
    const asked =
      percent === undefined
        ? toBytes(units === 'gb' && isPlain(size) ? `${size} GB` : size, `size of ${name}`)
        : (left * percent) / 100;
    const bytes = percent === undefined ? Math.ceil(asked / grain) * grain : Math.floor(asked / grain) * grain;
    if (bytes > left || bytes <= 0)
      throw new BootwrightError(
        'BW-DISK-005',
        `The partition "${name}" (${size}) does not fit: ${formatBytes(Math.max(left, 0))} of ${formatBytes(Math.max(usable, 0))} are left. Nothing was erased.`,
      );
    left -= bytes;
    return bytes;
  });
}

function percentOf(size: number | string, units: WantedSize['units']): number | undefined {
  const match = /^\s*(\d{1,3}(?:\.\d+)?)\s*%\s*$/.exec(String(size));
  const percent = match !== null ? Number(match[1]) : units === 'percent' && isPlain(size) ? Number(size) : undefined;
  if (percent !== undefined && percent > 100)
    throw new BootwrightError('BW-DISK-005', `${percent}% is more than there is. Nothing was erased.`);
  return percent;
}

function isPlain(size: number | string): boolean {
  return /^\s*\d+(\.\d+)?\s*$/.test(String(size));
}
