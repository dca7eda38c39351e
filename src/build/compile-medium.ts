import { BootwrightError, type Problem } from '../model/error.ts';
import type { Progress } from '../model/progress.ts';
import { type CompiledPolicy, compilePolicy } from '../site/compile.ts';
import type { Site } from '../site/site.ts';
import { readSecrets } from '../trust/secret-store.ts';
import type { MediumRequest } from './request.ts';

/**
 * The policy with its secrets. Compiled twice: first to learn which secrets are in use, so that only those are opened,
 * and none when the medium will be refused.
 *
 * @throws the first problem's code, BW-MEDIA-001 secrets without a password, BW-MEDIA-009 expired already
 */
export async function compileMedium(request: MediumRequest, site: Site, progress: Progress): Promise<CompiledPolicy> {
  refuseProblems(
    site.problems.filter(({ file, code }) => file === 'site.yaml' || code === 'BW-SITE-007'),
    site,
  );
  const first = await compile(request, site, Object.fromEntries(site.secrets.map((name) => [name, ''])));
  for (const { message } of first.warnings) progress.note(message);
  refuseUnprotected(request, first.compiled);
  refuseOutdated(request, first.compiled);
  const names = first.compiled.secretsUsed.map(({ name }) => name);
  if (names.length === 0) return first.compiled;
  return (await compile(request, site, await readSecrets(site.folder, names, request.passphrase))).compiled;
}

async function compile(
  request: MediumRequest,
  site: Site,
  secrets: Readonly<Record<string, string>>,
): Promise<{ readonly compiled: CompiledPolicy; readonly warnings: readonly Problem[] }> {
  const { kind, sequenceId, variables, validFrom, validTo, unattended, deployedSecrets } = request;
  const { compiled, problems } = await compilePolicy({
    ...{ site, sequenceId, mediaKind: kind.name, objections: kind.objections, secrets },
    ...(variables === undefined ? {} : { variables }),
    ...(validFrom === undefined ? {} : { validFrom }),
    ...(validTo === undefined ? {} : { validTo }),
    ...(unattended === undefined ? {} : { unattended }),
    ...(deployedSecrets === undefined ? {} : { deployedSecrets }),
  });
  // To a sequence an image that cannot be read is only "unusable"; what is wrong with it the site knows.
  const named = [...site.images.values()].filter(
    ({ id, facts }) =>
      facts === undefined &&
      problems.some(({ code, message }) => code === 'BW-CONTENT-001' && message.includes(`"${id}"`)),
  );
  const content = site.problems.filter(({ file }) => named.some(({ source }) => source === file));
  refuseProblems([...content, ...problems], site);
  if (compiled === undefined) throw new Error('a sequence without errors was not compiled');
  return { compiled, warnings: problems.filter(({ severity }) => severity === 'warning') };
}

function refuseUnprotected(request: MediumRequest, { secretsUsed, policy }: CompiledPolicy): void {
  if (request.password !== undefined) return;
  const hidden = [...policy.variables, ...policy.sequence.variables].filter((variable) => variable.hidden === true);
  const names = new Set([...secretsUsed, ...hidden].map(({ name }) => name));
  if (names.size > 0)
    throw new BootwrightError(
      'BW-MEDIA-001',
      `The medium would hold ${[...names].join(', ')} and has no password: everybody could read that. Nothing was written.`,
    );
}

function refuseOutdated({ now }: MediumRequest, { policy: { validTo } }: CompiledPolicy): void {
  if (validTo !== undefined && new Date(validTo) < now)
    throw new BootwrightError(
      'BW-MEDIA-009',
      `The medium would have expired already, on ${validTo}. Nothing was written.`,
    );
}

/** One error that names all of them. */
function refuseProblems(problems: readonly Problem[], site: Site): void {
  const errors = problems.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  if (first === undefined) return;
  const others = errors
    .slice(1)
    .map(({ file, line, message }) => `\nAlso ${file}${line === undefined ? '' : `:${line}`}: ${message}`);
  throw new BootwrightError(first.code, `${first.message} Nothing was written.${others.join('')}`, {
    place: { ...first, file: first.file.startsWith('-') ? first.file : `${site.folder}/${first.file}` },
    ...(first.fix === undefined ? {} : { fix: first.fix }),
  });
}
