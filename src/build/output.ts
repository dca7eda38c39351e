import { dirname, resolve } from 'node:path';
import { freeBytes, stat } from '../host/files.ts';
import { BootwrightError } from '../model/error.ts';
import { formatBytes } from '../model/quantity.ts';
import { partBytes } from './partial.ts';

/**
 * Refuses a place where nothing should or could be written, before any work is done.
 *
 * @throws BW-HOST-005 it exists, BW-MEDIA-005 no file can be there
 */
export async function checkOutput(output: string, force: boolean): Promise<void> {
  const existing = await stat(output).catch(() => undefined);
  if (existing !== undefined && !existing.isFile())
    throw unusable(output, existing.isDirectory() ? 'it is a folder' : 'it is a device or a pipe');
  const folder = await stat(dirname(resolve(output))).catch(() => undefined);
  if (folder?.isDirectory() !== true) throw unusable(output, `the folder ${dirname(resolve(output))} does not exist`);
  if (existing !== undefined && !force)
    throw new BootwrightError('BW-HOST-005', `${output} exists already: nothing was written.`);
}

/** The old output stays until the new one is whole, so it does not count as free. @throws BW-HOST-004 */
export async function checkSpace(output: string, needed: number): Promise<number> {
  const folder = dirname(resolve(output));
  const free = (await freeBytes(folder)) + (await partBytes(output));
  if (free < needed)
    throw new BootwrightError(
      'BW-HOST-004',
      `The medium needs ${formatBytes(needed)} in ${folder}, where ${formatBytes(free)} are free: nothing was written.`,
      { fix: `Free ${formatBytes(needed - free)}, or choose another folder with --output.` },
    );
  return free;
}

/** @throws BW-MEDIA-005 when the medium would replace something it is made of */
export async function refuseOwnSource(output: string, sources: readonly string[]): Promise<void> {
  const existing = await stat(output, { bigint: true }).catch(() => undefined);
  if (existing === undefined) return;
  for (const source of sources) {
    const facts = await stat(source, { bigint: true });
    if (facts.dev === existing.dev && facts.ino === existing.ino)
      throw unusable(output, 'it is part of what goes onto the medium');
  }
}

function unusable(output: string, why: string): BootwrightError {
  return new BootwrightError('BW-MEDIA-005', `${output} cannot be written: ${why}.`);
}
