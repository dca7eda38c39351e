import { type BootableSettings, formatBootableServer } from '../../model/bootable.ts';
import { contentReference } from '../../model/content.ts';
import { BootwrightError, type Problem } from '../../model/error.ts';
import { extraVariables } from '../../site/compile.ts';
import type { CompiledContent } from '../../site/compiled-content.ts';
import { findContent } from '../../site/find-content.ts';
import type { Site } from '../../site/site.ts';
import { validity } from '../../site/validity.ts';
import { secretIn } from '../../trust/public-text.ts';
import { refuseOutdated, refuseProblems, refuseUnprotected } from './refusals.ts';
import type { BootableRequest } from './request.ts';
import { type MediumSubstance, plannedContent } from './substance.ts';

/** As long as the certificate that is going to be made, or nearly. */
const someAuthority = '-'.repeat(700);

/** What a bootable medium holds. @throws the first problem's code, BW-MEDIA-001, BW-MEDIA-009 */
export async function bootableSubstance(request: BootableRequest, site: Site): Promise<MediumSubstance> {
  const { kind, servers, unknownComputers, prestart, authority, unattended = false, password, now } = request;
  const problems: Problem[] = site.problems.filter(({ file }) => file === 'site.yaml');
  const variables = extraVariables(request.variables ?? {}, problems);
  const dates = validity(request.validFrom, request.validTo, problems);
  const files = await prestartFiles(request, site, problems);
  const settings: BootableSettings = {
    format: 'bootwright-bootable/1',
    ...{ organisation: site.organisation, siteName: site.name, servers },
    authority: (await authority.peek()) ?? someAuthority,
    ...{ unknownComputers, variables, unattended, allowShell: false, keyboard: site.keyboard, ...dates },
    ...(prestart === undefined
      ? {}
      : { prestart: { command: prestart, ...(files === undefined ? {} : { folder: files.item.file }) } }),
  };
  refuseProblems([...problems, ...kind.objections(settings)], site.folder);
  const hidden = variables.filter((variable) => variable.hidden === true);
  refuseUnprotected(new Set(hidden.map(({ name }) => name)), password);
  if (password === undefined) refusePublicSecret(settings);
  refuseOutdated(dates.validTo, now);
  return {
    brings: (allowShell) => ({ ...settings, allowShell }),
    complete: async () => {
      const whole = { ...settings, authority: await authority.make(site.name, now) };
      return (allowShell) => ({ ...whole, allowShell });
    },
    content: files === undefined ? [] : [files],
    ...{ bootImage: site.defaults.bootImage, title: `Ask ${site.name}`, unattended },
    keyboard: site.keyboard,
    tells: {
      online: {
        ...{ servers: servers.map(formatBootableServer), unknownComputers },
        ...(prestart === undefined ? {} : { prestart }),
      },
      ...{ erases: [], content: plannedContent(files === undefined ? [] : [files]), secrets: [], ...dates },
      asks: unattended ? [] : ['which task sequence, when there are several', '15 s to stop (Esc) before it starts'],
      variables: variables.map(({ name, hidden: isHidden = false }) => ({ name, hidden: isHidden })),
      warnings: warningsOf(settings),
    },
  };
}

async function prestartFiles(
  { prestartPackage: id }: BootableRequest,
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
function refusePublicSecret({ prestart, variables }: BootableSettings): void {
  const texts = [
    ['The prestart command', prestart?.command ?? ''],
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

function warningsOf({ unattended, variables }: BootableSettings): string[] {
  const names = variables.map(({ name }) => name.toLowerCase());
  if (!unattended || names.includes('smstspreferredadvertid')) return [];
  return [
    'Unattended, and no deployment is preferred: where several are available, somebody still has to choose. Name one with --variable SMSTSPreferredAdvertID=ID.',
  ];
}
