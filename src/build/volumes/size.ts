import { BootwrightError } from '../../model/error.ts';

/** Bytes that fit the discs people burn; of the two kinds of DVD the smaller. */
const named: Readonly<Record<string, number>> = {
  cd: 681_984_000,
  dvd: 4_700_372_992,
  'dvd-dl': 8_543_666_176,
  bd: 25_025_314_816,
  'bd-dl': 50_050_629_632,
};

const units: Readonly<Record<string, number>> = {
  m: 1e6,
  mb: 1e6,
  mib: 2 ** 20,
  g: 1e9,
  gb: 1e9,
  gib: 2 ** 30,
};

/** `4.7G` as disc makers count, `4GiB`, or the name of a disc; bytes. @throws BW-MEDIA-153 */
export function readVolumeSize(text: string): number {
  const wanted = text.trim().toLowerCase();
  const disc = named[wanted];
  if (disc !== undefined) return disc;
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([mg](?:i?b)?)$/.exec(wanted) ?? [];
  const size = Math.floor(Number(number) * (units[unit] ?? Number.NaN));
  if (Number.isFinite(size) && size >= 1e6) return size;
  throw new BootwrightError('BW-MEDIA-153', `--volume-size ${JSON.stringify(text)} is no size.`);
}
