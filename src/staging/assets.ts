import { readCsv } from '../formats/csv.ts';
import { readText } from '../host/files.ts';
import { BootwrightError } from '../model/error.ts';

/**
 * Serial → asset tag, from a file with a column `serial` and a column `asset` (or `tag`).
 *
 * @throws BW-STAGING-006 no such columns, BW-STAGING-007 a serial or a tag twice, BW-HOST-007
 */
export async function readAssets(file: string): Promise<Map<string, string>> {
  const [header, ...rows] = readCsv(await readText(file));
  const names = header?.cells.map((cell) => cell.toLowerCase()) ?? [];
  const serialAt = names.indexOf('serial');
  const assetAt = names.findIndex((name) => ['asset', 'tag', 'asset tag'].includes(name));
  if (serialAt < 0 || assetAt < 0)
    throw new BootwrightError('BW-STAGING-006', `${file} has no line of headings with "serial" and "asset".`, {
      place: { file, line: header?.line ?? 1 },
    });
  const assets = new Map<string, string>();
  const owners = new Map<string, string>();
  for (const { line, cells } of rows) {
    const [serial = '', asset = ''] = [cells[serialAt], cells[assetAt]];
    if (serial === '' || asset === '') continue;
    const problem = assets.has(serial)
      ? `the serial ${serial} stands there twice`
      : owners.has(asset)
        ? `${asset} is the tag of ${owners.get(asset)} too`
        : undefined;
    if (problem !== undefined)
      throw new BootwrightError('BW-STAGING-007', `${problem}. Nothing was written.`, { place: { file, line } });
    assets.set(serial, asset);
    owners.set(asset, serial);
  }
  return assets;
}
