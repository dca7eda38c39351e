import { type BootableSettings, formatBootableServer } from '../../model/bootable.ts';
import type { Problem } from '../../model/error.ts';
import { extraVariables } from '../../site/compile.ts';
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
    content: files === undefined ? [] : [files],
    ...{ bootImage: site.defaults.bootImage, title: `Ask ${site.name}`, unattended },
    keyboard: site.keyboard,
    tells: {
      online: { servers: servers.map(formatBootableServer), unknownComputers },
      ...(prestart === undefined ? {} : { prestart }),
      ...{ erases: [], content: plannedContent(files === undefined ? [] : [files]), secrets: [], ...dates },
      asks: unattended ? [] : ['which task sequence, when there are several', '15 s to stop (Esc) before it starts'],
      variables: variables.map(({ name, hidden: isHidden = false }) => ({ name, hidden: isHidden })),
      warnings: warningsOf(settings),
    },
  };
}

function warningsOf({ unattended, variables }: BootableSettings): string[] {
  const names = variables.map(({ name }) => name.toLowerCase());
  if (!unattended || names.includes('smstspreferredadvertid')) return [];
  return [
    'Unattended, and no deployment is preferred: where several are available, somebody still has to choose. Name one with --variable SMSTSPreferredAdvertID=ID.',
  ];
}
