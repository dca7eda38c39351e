import type { MediumPrestart } from '../../model/bootable.ts';
import { contentReference } from '../../model/content.ts';
import { BootwrightError, type Problem } from '../../model/error.ts';
import type { SequenceVariable } from '../../model/sequence.ts';
import type { CompiledContent } from '../../site/compiled-content.ts';
import { findContent } from '../../site/find-content.ts';
import type { Site } from '../../site/site.ts';
import { secretIn } from '../../trust/public-text.ts';
import type { MediumRequest } from './request.ts';

/** What is written on the medium about it. */
export function prestartOf(
  command: string | undefined,
  files: CompiledContent | undefined,
): { readonly prestart?: MediumPrestart } {
  if (command === undefined) return {};
  return { prestart: { command, ...(files === undefined ? {} : { folder: files.item.file }) } };
}

/** Of the package that the command needs; what is wrong with it becomes a problem. */
export async function prestartFiles(
  { prestartPackage: id }: Pick<MediumRequest, 'prestartPackage'>,
  site: Site,
  problems: Problem[],
): Promise<CompiledContent | undefined> {
  if (id === undefined) return undefined;
  const about = { severity: 'error', file: '--prestart-package' } as const;
  try {
    const found = await findContent(site, contentReference(id));
    if (found.item.kind !== 'package')
      problems.push({ ...about, code: 'BW-CONTENT-001', message: `"${id}" is no package (${found.item.kind}).` });
    else if (found.files.some(({ plainTag }) => plainTag !== undefined))
      problems.push({ ...about, code: 'BW-CONTENT-001', message: `"${id}" is confidential: its key comes too late.` });
    else return found;
  } catch (error) {
    if (!(error instanceof BootwrightError)) throw error;
    problems.push({ ...about, code: error.code, message: error.message });
  }
  return undefined;
}

/** What everybody can read of a medium without a password, and looks like a secret. @throws BW-BOOT-060 */
export function refusePublicSecret(prestart: string | undefined, variables: readonly SequenceVariable[]): void {
  const texts = [
    ['The prestart command', prestart ?? ''],
    // As it would stand in a command line: a value alone shows nothing, its name does.
    ...variables.map(({ name, value }) => [`The variable ${name}`, `${name}=${String(value)}`] as const),
  ] as const;
  for (const [what, text] of texts) {
    const secret = secretIn(text);
    if (secret !== undefined)
      throw new BootwrightError(
        'BW-BOOT-060',
        `${what} seems to hold ${secret}, and the medium has no password: everybody could read that. Nothing was written.`,
        { fix: 'Give the medium a password (--password-file, or answer the prompt).' },
      );
  }
}
