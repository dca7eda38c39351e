import { type BootableSettings, formatBootableServer } from '../../model/bootable.ts';
import { contentReference } from '../../model/content.ts';
import { BootwrightError, type Problem } from '../../model/error.ts';
import { compilePolicy, extraVariables } from '../../site/compile.ts';
import type { CompiledContent } from '../../site/compiled-content.ts';
import { findContent } from '../../site/find-content.ts';
import type { Site } from '../../site/site.ts';
import { validity } from '../../site/validity.ts';
import { prestartFiles, prestartOf, refusePublicSecret } from './prestart.ts';
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
  const prestaged = await prestagedContent(request, site, problems);
  const content = [
    ...(files === undefined ? [] : [files]),
    ...prestaged.filter(({ item }) => item.id !== files?.item.id),
  ];
  const settings: BootableSettings = {
    format: 'bootwright-bootable/1',
    ...{ organisation: site.organisation, siteName: site.name, servers },
    authority: (await authority.peek()) ?? someAuthority,
    ...{ unknownComputers, variables, unattended, allowShell: false, keyboard: site.keyboard, ...dates },
    ...prestartOf(prestart, files),
  };
  refuseProblems([...problems, ...kind.objections(settings)], site.folder);
  const hidden = variables.filter((variable) => variable.hidden === true && variable.value !== '');
  refuseUnprotected(new Set(hidden.map(({ name }) => name)), password);
  if (password === undefined) refusePublicSecret(prestart, variables);
  refuseOutdated(dates.validTo, now);
  return {
    brings: (allowShell) => ({ ...settings, allowShell }),
    complete: async () => {
      const whole = { ...settings, authority: await authority.make(site.name, now) };
      return (allowShell) => ({ ...whole, allowShell });
    },
    content,
    ...{ bootImage: site.defaults.bootImage, title: `Ask ${site.name}`, unattended },
    keyboard: site.keyboard,
    tells: {
      online: {
        ...{ servers: servers.map(formatBootableServer), unknownComputers },
        ...(prestart === undefined ? {} : { prestart }),
      },
      ...{ erases: [], content: plannedContent(content), secrets: [], ...dates },
      asks: unattended ? [] : ['which task sequence, when there are several', '15 s to stop (Esc) before it starts'],
      variables: variables.map(({ name, hidden: isHidden = false }) => ({ name, hidden: isHidden })),
      warnings: warningsOf(settings),
    },
  };
}

/** What a machine will probably be told to use: the content of a sequence, and whatever else is named. */
async function prestagedContent(
  { prestages, kind }: BootableRequest,
  site: Site,
  problems: Problem[],
): Promise<readonly CompiledContent[]> {
  if (prestages === undefined) return [];
  const found = new Map<string, CompiledContent>();
  if (prestages.sequenceId !== undefined) {
    const secrets = Object.fromEntries(site.secrets.map((name) => [name, '']));
    const { sequenceId } = prestages;
    const compilation = await compilePolicy({ site, sequenceId, mediaKind: 'bootable', secrets });
    problems.push(...compilation.problems.filter(({ severity }) => severity === 'error'));
    for (const each of compilation.compiled?.content ?? []) found.set(each.item.id, each);
  }
  for (const id of prestages.content)
    try {
      const each = await findContent(site, contentReference(id));
      found.set(each.item.id, each);
    } catch (error) {
      if (!(error instanceof BootwrightError)) throw error;
      problems.push({ severity: 'error', file: '--content', code: error.code, message: error.message });
    }
  if (found.size === 0 && problems.length === 0)
    problems.push({
      ...{ severity: 'error', code: 'BW-MEDIA-122', file: '--sequence' },
      message: `The ${kind.name} medium would hold no content: name the sequence machines are likely to run.`,
    });
  return [...found.values()];
}

function warningsOf({ unattended, variables }: BootableSettings): string[] {
  const names = variables.map(({ name }) => name.toLowerCase());
  if (!unattended || names.includes('smstspreferredadvertid')) return [];
  return [
    'Unattended, and no deployment is preferred: where several are available, somebody still has to choose. Name one with --variable SMSTSPreferredAdvertID=ID.',
  ];
}
