import { join } from 'node:path';
import { exists, writeAtomically } from '../host/files.ts';
import { BootwrightError } from '../model/error.ts';
import { mediumName } from '../model/medium-name.ts';
import { makeDiskCode, makeKeyText } from '../trust/disk-code.ts';
import { mediumFactsOf } from './medium/files.ts';
import { withMedium } from './medium/open.ts';
import type { MediumSecret } from './medium/policy.ts';

/** A further way to open a prestaged medium, made beside it: the medium itself stays as it was signed. */
export interface WayIn {
  readonly medium: string;
  readonly file: string;
}

/**
 * Makes the code of one disk, and writes the file that goes onto it.
 *
 * @throws BW-MEDIA-123 nothing is sealed, BW-HOST-005 the file exists, BW-TRUST-001 to -003
 */
export async function writeDiskCode(
  medium: string,
  secret: MediumSecret,
  output: string,
  force: boolean,
): Promise<WayIn & { readonly code: string }> {
  await refuseExisting(output, force);
  const { id, sealed } = await sealedPart(medium);
  const { code, file } = await makeDiskCode(sealed, await given(secret));
  await writeAtomically(output, file);
  return { medium: mediumName(id), file: output, code };
}

/**
 * Writes the key of a medium into the folder of a stick, under the name the boot environment looks for.
 *
 * @throws as `writeDiskCode`
 */
export async function writeKeyStick(
  medium: string,
  secret: MediumSecret,
  folder: string,
  force: boolean,
): Promise<WayIn> {
  const { id, sealed } = await sealedPart(medium);
  const file = join(folder, `${mediumName(id)}.key`);
  await refuseExisting(file, force);
  const text = await makeKeyText(sealed, await given(secret));
  const remark = `# Opens every disk prestaged with medium ${mediumName(id)}: keep it like a password.`;
  await writeAtomically(file, `${remark}\n${text}\n`, 0o600);
  return { medium: mediumName(id), file };
}

async function sealedPart(path: string): Promise<{ readonly id: string; readonly sealed: Uint8Array }> {
  return withMedium(path, async (medium) => {
    const { id, kind } = await mediumFactsOf(medium, path);
    const file = medium.file('bootwright/policy.sealed');
    if (kind !== 'prestaged' || file === undefined || file.size > 64 * 1024 * 1024)
      throw new BootwrightError('BW-MEDIA-123', `${path} is no prestaged medium with a password.`);
    return { id, sealed: await medium.bytes(file) };
  });
}

async function given(secret: MediumSecret): Promise<Exclude<MediumSecret, () => unknown>> {
  return typeof secret === 'function' ? secret() : secret;
}

async function refuseExisting(path: string, force: boolean): Promise<void> {
  if (!force && (await exists(path)))
    throw new BootwrightError('BW-HOST-005', `${path} exists already: nothing was written.`);
}
