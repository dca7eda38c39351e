import { contentKeyFrom, contentKeySecret } from '../content/content-key.ts';
import type { Place, Problem } from '../model/error.ts';
import type { Policy } from '../model/policy.ts';
import { isSecretReference, type SequenceItem, type SequenceVariable, type TaskSequence } from '../model/sequence.ts';
import { variableNameFault } from '../sequence/read-yaml.ts';
import { secretUses } from '../sequence/secrets.ts';
import { compileContent, type MissingContent, saysMissing } from './compile-content.ts';
import type { CompiledContent } from './compiled-content.ts';
import { contentWishes, type ExtraContent } from './content-wishes.ts';
import { emptyLists, withoutExcluded } from './excluded-content.ts';
import { inlineChildren } from './inline.ts';
import { namesSecret } from './passwords.ts';
import { placeOf } from './resolve.ts';
import { bootImageOf, findSequence, type ResolvedStep, type Site, sortProblems } from './site.ts';
import { validity } from './validity.ts';

export interface CompileRequest {
  readonly site: Site;
  readonly sequenceId: string;
  readonly mediaKind: Policy['mediaKind'];
  /** Set on the command line or in a file; they beat the sequence's own. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Values by name; only those in use reach the policy. */
  readonly secrets?: Readonly<Record<string, string>>;
  readonly unattended?: boolean;
  readonly allowShell?: boolean;
  /** A date or a time in ISO 8601; a date counts from its first to its last second, UTC. */
  readonly validFrom?: string;
  readonly validTo?: string;
  readonly keyboard?: string;
  /** Content beside that of the sequence. */
  readonly extraContent?: ExtraContent;
  /** Content that is not there is no error: what is missing is listed, and looked for again before a run. */
  readonly allowMissing?: boolean;
  /** What speaks against running the sequence from this kind of medium (`MediaKind.objections`). */
  readonly objections?: (sequence: TaskSequence) => readonly Problem[];
  /** What the agent will write to a target without TPM (`src/agent`); without it all secrets count as written. */
  readonly deployedSecrets?: (policy: Pick<Policy, 'sequence' | 'variables'>) => {
    readonly secrets: readonly string[];
    /** Lower case. */
    readonly variables: readonly string[];
  };
}

/** A policy as far as the site knows it; the medium adds its identity, and hashes as it reads the content. */
export interface CompiledPolicy {
  readonly policy: Omit<Policy, 'mediumId' | 'filesDigest' | 'signingKey'>;
  readonly content: readonly CompiledContent[];
  /** Steps that erase or overwrite something, in order. */
  readonly destructive: readonly { readonly name: string; readonly description: string }[];
  /** What a person is asked on the target, beside the password. */
  readonly asks: readonly string[];
  readonly secretsUsed: readonly SecretInUse[];
  readonly bootImage: string;
  /** With `allowMissing`. */
  readonly missing: readonly MissingContent[];
  /** Names of the steps that want an item, by its ID in lower case. */
  readonly wantedBy: ReadonlyMap<string, readonly string[]>;
  /** Why an item comes along, by its ID in lower case. */
  readonly reasons: ReadonlyMap<string, readonly string[]>;
}

export interface SecretInUse {
  readonly name: string;
  /** `/Install/Join the domain`, `variable AdminPassword` */
  readonly where: string;
  /** Without a TPM it is written to the target's disk, because the deployed system reads it. */
  readonly writtenToTarget: boolean;
}

export interface Compilation {
  /** Absent when a problem is an error. */
  readonly compiled?: CompiledPolicy;
  readonly problems: readonly Problem[];
}

/** Makes the policy of one sequence for one kind of medium. @throws BW-SITE-004 no such sequence, BW-HOST-007 */
export async function compilePolicy(request: CompileRequest): Promise<Compilation> {
  const { site, mediaKind } = request;
  const found = findSequence(site, request.sequenceId);
  const problems: Problem[] = [...found.problems];
  if (found.sequence === undefined) return { problems };
  const inlined = inlineChildren(site, found);
  const own = mergeVariables(inlined.variables, found.sequence.variables);
  const sequence: TaskSequence = { ...found.sequence, items: inlined.items, variables: own };
  const objections = request.objections?.(sequence) ?? [];
  problems.push(...[...inlined.children].flatMap((child) => child.problems));
  problems.push(...objections, ...cannotRun(inlined.steps, mediaKind, objections));

  const variables = extraVariables(request.variables ?? {}, problems);
  const dates = validity(request.validFrom, request.validTo, problems);
  const uses = secretUses(sequence).filter(({ disabled }) => !disabled);
  const wishes = contentWishes(inlined.steps, [...own, ...variables], request.extraContent);
  const compilation = await compileContent(site, wishes, problems);
  const { missing, reasons, wantedBy } = compilation;
  const content = withoutExcluded(compilation.content, wishes, request.extraContent?.exclude ?? [], problems);
  if (mediaKind === 'standalone') problems.push(...emptyLists(inlined.steps, content));
  const confidential = content.filter(({ item }) => item.confidential !== undefined);
  const keyUses = confidential.map(({ item }) => ({ name: contentKeySecret, where: `content ${item.id}` }));
  const secrets = pick(
    [...uses, ...keyUses].map(({ name }) => name),
    request.secrets ?? {},
    found.file,
    problems,
  );
  problems.push(...otherKey(confidential, secrets[contentKeySecret] ?? ''));
  const tolerated = (problem: Problem): boolean => request.allowMissing === true && saysMissing(problem);
  if (problems.some((problem) => problem.severity === 'error' && !tolerated(problem)))
    return { problems: sortProblems(problems) };

  const written = writtenSecrets(request, { sequence, variables });
  const destructive = inlined.steps.flatMap(({ step, type, settings, active }) =>
    active && type?.destructive === true && settings !== undefined
      ? [{ name: step.name, description: type.describe(settings) }]
      : [],
  );
  const unattended = request.unattended ?? false;
  return {
    problems: sortProblems(problems),
    compiled: {
      policy: {
        format: 'bootwright-policy/1',
        mediaKind,
        organisation: site.organisation,
        sequence: published(sequence),
        variables,
        secrets,
        content: content.map(({ item }) => item),
        ...(isAlone(mediaKind) || site.content.servers.length === 0 ? {} : { contentServers: site.content.servers }),
        unattended,
        allowShell: request.allowShell ?? false,
        ...dates,
        keyboard: request.keyboard ?? site.keyboard,
      },
      content,
      destructive,
      asks:
        unattended || destructive.length === 0
          ? []
          : ['15 s to stop (Esc) before the first step that erases something'],
      secretsUsed: [
        ...uses.map(({ name, where }) => ({ name, where, writtenToTarget: written(name) })),
        // Content is decrypted before the deployed system starts.
        ...keyUses.map((use) => ({ ...use, writtenToTarget: false })),
      ],
      missing,
      ...{ wantedBy, reasons },
      bootImage: bootImageOf(site, found.sequence),
    },
  };
}

/** After the content key was exchanged, what is stored is still encrypted to the one before. */
function otherKey(confidential: readonly CompiledContent[], identity: string): Problem[] {
  if (identity === '') return [];
  const { recipient } = contentKeyFrom(identity);
  return confidential.flatMap(({ item: { id, confidential: sealed } }): Problem[] => {
    if (sealed?.recipient === recipient) return [];
    const message = `${id} is encrypted to another key than the site's content-key: no machine could read it.`;
    const fix = `Run: bootwright content update ${id}`;
    return [{ severity: 'error', code: 'BW-CONTENT-047', file: `content ${id}`, message, fix }];
  });
}

function writtenSecrets(
  { deployedSecrets }: CompileRequest,
  policy: Pick<Policy, 'sequence' | 'variables'>,
): (name: string) => boolean {
  if (deployedSecrets === undefined) return () => true;
  const { secrets, variables } = deployedSecrets(policy);
  const behind = policy.sequence.variables.flatMap(({ name, value }) =>
    isSecretReference(value) && variables.includes(name.toLowerCase()) ? [value.$secret] : [],
  );
  return (name) => secrets.includes(name) || behind.includes(name);
}

/** Media whose sequence runs without any server; what a prestaged one is told online is compiled by the server. */
function isAlone(mediaKind: Policy['mediaKind']): boolean {
  return mediaKind === 'standalone' || mediaKind === 'prestaged';
}

/** Active steps nobody can run, beside those the kind of medium already speaks against. */
function cannotRun(
  steps: readonly ResolvedStep[],
  mediaKind: Policy['mediaKind'],
  objections: readonly Problem[],
): Problem[] {
  const positionOf = ({ file, line, column }: Place): string => `${file}:${line}:${column}`;
  const known = new Set(objections.map(positionOf));
  return steps.flatMap(({ step, type, settings, active }): Problem[] => {
    const place = placeOf(step);
    if (!active || known.has(positionOf(place))) return [];
    const refuse = (reason: string): Problem[] => {
      const message = `The step "${step.name}" cannot run from this medium: ${reason}.`;
      return [{ severity: 'error', code: 'BW-SEQUENCE-012', message, ...place }];
    };
    if (type === undefined) return refuse(`Bootwright has no steps of type ${step.type === '' ? '(none)' : step.type}`);
    if (settings === undefined) {
      // Wrong settings were reported; of imported steps without a reader there was only a warning.
      const isReadable = step.properties === undefined || type.fromProperties !== undefined;
      return isReadable ? [] : refuse('its settings cannot be read');
    }
    const needs = isAlone(mediaKind) ? type.needs?.(settings) : undefined;
    if (needs?.managementPoint === true) return refuse('it needs a management point');
    return needs?.network === true ? refuse('it needs a network') : [];
  });
}

/** What was set when the medium was made; names that speak of secrets are hidden. */
export function extraVariables(values: Readonly<Record<string, string>>, problems: Problem[]): SequenceVariable[] {
  const seen = new Map<string, string>();
  return Object.entries(values).map(([name, value]) => {
    const fault = variableNameFault(name, seen);
    if (fault !== undefined) problems.push({ severity: 'error', code: 'BW-SITE-008', file: '--variable', ...fault });
    return { name, value, ...(namesSecret(name) ? { hidden: true } : {}) };
  });
}

/** Later ones win; case of names does not count. */
function mergeVariables(
  first: readonly SequenceVariable[],
  later: readonly SequenceVariable[],
): readonly SequenceVariable[] {
  const merged = new Map<string, SequenceVariable>();
  for (const variable of [...first, ...later]) merged.set(variable.name.toLowerCase(), variable);
  return [...merged.values()];
}

function pick(
  names: readonly string[],
  values: Readonly<Record<string, string>>,
  file: string,
  problems: Problem[],
): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of new Set(names)) {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value !== undefined) found[name] = value;
    else
      problems.push({ severity: 'error', code: 'BW-SITE-006', file, message: `The secret "${name}" was not opened.` });
  }
  return found;
}

/** The sequence as the target needs it: without places in the engineer's files and without the XML it came from. */
function published(sequence: TaskSequence): TaskSequence {
  const { place: _place, preserved: _preserved, references: _references, ...rest } = sequence;
  // In exports `hidden` marks settings of the editor; to everyone behind us it means secret.
  const variables = sequence.variables.map(({ hidden: _hidden, ...variable }) =>
    isSecretReference(variable.value) || namesSecret(variable.name) ? { ...variable, hidden: true } : variable,
  );
  return { ...rest, variables, references: [], items: sequence.items.map(publishedItem) };
}

function publishedItem(item: SequenceItem): SequenceItem {
  const { place: _place, preserved: _preserved, ...rest } = item;
  if (rest.kind === 'group') return { ...rest, items: rest.items.map(publishedItem) };
  const { properties: _properties, action: _action, ...step } = rest;
  return step;
}
