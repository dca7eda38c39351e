import type { Problem } from '../../model/error.ts';
import type { Progress } from '../../model/progress.ts';
import type { SequenceVariable } from '../../model/sequence.ts';
import { withBuiltInSequence } from '../../site/built-in-sequence.ts';
import { type CompiledPolicy, compilePolicy } from '../../site/compile.ts';
import { withHashes } from '../../site/compile-content.ts';
import type { Site } from '../../site/site.ts';
import { readSecrets } from '../../trust/secret-store.ts';
import { captureQuestions } from './capture-answers.ts';
import { prestartFiles, prestartOf, refusePublicSecret } from './prestart.ts';
import { refuseOutdated, refuseProblems, refuseUnprotected } from './refusals.ts';
import type { StandaloneRequest } from './request.ts';
import { type Brings, type MediumSubstance, plannedContent } from './substance.ts';

/**
 * The policy with its secrets. Compiled twice: first to learn which secrets are in use, so that only those are opened,
 * and none when the medium will be refused.
 *
 * @throws the first problem's code, BW-MEDIA-001 secrets without a password, BW-MEDIA-009 expired already
 */
async function compileMedium(request: StandaloneRequest, site: Site, progress: Progress): Promise<CompiledPolicy> {
  refuseProblems(
    site.problems.filter(({ file, code }) => file === 'site.yaml' || code === 'BW-SITE-007'),
    site.folder,
  );
  const first = await compile(request, site, Object.fromEntries(site.secrets.map((name) => [name, ''])));
  for (const { message } of first.warnings) progress.note(message);
  const { policy, secretsUsed } = first.compiled;
  const hidden = [...policy.variables, ...policy.sequence.variables].filter(
    ({ hidden: isHidden, value }) => isHidden === true && value !== '',
  );
  refuseUnprotected(new Set([...secretsUsed, ...hidden].map(({ name }) => name)), request.password);
  refuseOutdated(policy.validTo, request.now);
  const names = secretsUsed.map(({ name }) => name);
  if (names.length === 0) return first.compiled;
  return (await compile(request, site, await readSecrets(site.folder, names, request.passphrase))).compiled;
}

async function compile(
  request: StandaloneRequest,
  site: Site,
  secrets: Readonly<Record<string, string>>,
): Promise<{ readonly compiled: CompiledPolicy; readonly warnings: readonly Problem[] }> {
  const { kind, sequenceId, variables, validFrom, validTo, unattended, deployedSecrets, extraContent } = request;
  const { compiled, problems } = await compilePolicy({
    ...{ site, sequenceId, mediaKind: kind.name, objections: kind.objections, secrets },
    ...(variables === undefined ? {} : { variables }),
    ...(validFrom === undefined ? {} : { validFrom }),
    ...(validTo === undefined ? {} : { validTo }),
    ...(unattended === undefined ? {} : { unattended }),
    ...(extraContent === undefined ? {} : { extraContent }),
    ...(deployedSecrets === undefined ? {} : { deployedSecrets }),
  });
  // To a sequence an image that cannot be read is only "unusable"; what is wrong with it the site knows.
  const named = [...site.images.values()].filter(
    ({ id, facts }) =>
      facts === undefined &&
      problems.some(({ code, message }) => code === 'BW-CONTENT-001' && message.includes(`"${id}"`)),
  );
  const content = site.problems.filter(({ file }) => named.some(({ source }) => source === file));
  refuseProblems([...content, ...problems], site.folder);
  if (compiled === undefined) throw new Error('a sequence without errors was not compiled');
  return { compiled, warnings: problems.filter(({ severity }) => severity === 'warning') };
}

/** Variables without a value, which are asked for on the target; later ones win. */
function openValues(...lists: readonly (readonly SequenceVariable[])[]): string[] {
  const values = new Map(lists.flat().map(({ name, value }) => [name.toLowerCase(), { name, value }]));
  return [...values.values()].flatMap(({ name, value }) => (value === '' ? [`the value of ${name}`] : []));
}

/** What a stand-alone or a capture medium holds, from its policy. */
export async function standaloneSubstance(
  request: StandaloneRequest,
  site: Site,
  progress: Progress,
): Promise<MediumSubstance> {
  const isCapture = request.kind.name === 'capture';
  const whole = isCapture ? await withBuiltInSequence(site, 'capture') : site;
  const compiled = await compileMedium(request, whole, progress);
  const { destructive, secretsUsed, bootImage } = compiled;
  const { prestart, password } = request;
  const problems: Problem[] = [];
  const files = await prestartFiles(request, site, problems);
  refuseProblems(problems, site.folder);
  if (password === undefined) refusePublicSecret(prestart, []);
  const isThere = compiled.content.some(({ item }) => item.id === files?.item.id);
  const content = files === undefined || isThere ? compiled.content : [...compiled.content, files];
  const policy = { ...compiled.policy, content: content.map(({ item }) => item), ...prestartOf(prestart, files) };
  const reasons = new Map(compiled.reasons);
  if (files !== undefined && !isThere) reasons.set(files.item.id.toLowerCase(), ['--prestart-package']);
  const asks = [
    ...(policy.unattended ? [] : openValues(policy.sequence.variables, policy.variables)),
    ...(isCapture ? captureQuestions(compiled) : []),
    ...compiled.asks,
  ];
  const brings: Brings = (allowShell, hashes) => {
    const stated = { ...policy, allowShell };
    return hashes === undefined ? stated : withHashes(stated, content, hashes);
  };
  const { sequence, unattended, keyboard, validFrom, validTo } = policy;
  return {
    ...{ brings, complete: async () => brings, content, bootImage, title: sequence.name, unattended, keyboard },
    tells: {
      sequence: { id: sequence.id, name: sequence.name },
      ...{ erases: destructive, asks, secrets: secretsUsed, warnings: [] },
      ...(validFrom === undefined ? {} : { validFrom }),
      ...(validTo === undefined ? {} : { validTo }),
      content: plannedContent(content, reasons),
      ...(prestart === undefined ? {} : { prestart }),
      variables: policy.variables.map(({ name, hidden = false }) => ({ name, hidden })),
    },
  };
}
