import * as z from 'zod';
import type { Place, Problem } from '../model/error.ts';
import { didYouMean, nearest } from './did-you-mean.ts';

/** How findings of a schema become problems of a file. */
export interface IssueContext {
  readonly schema: z.ZodType;
  /** What the schema describes: `a step`, `site.yaml`. */
  readonly subject: string;
  /** Keys that are allowed too, but read by someone else: only for suggestions. */
  readonly furtherKeys?: readonly string[];
  readonly codes: { readonly unknownKey: Problem['code']; readonly badValue: Problem['code'] };
  readonly locate: (path: PropertyKey[], at?: 'key' | 'value') => Place;
}

type Issue = z.core.$ZodIssue;

/** Every finding with its place, in words a person can act on; unknown keys one by one with a suggestion. */
export function problemsOf(issues: readonly Issue[], context: IssueContext): Problem[] {
  const explained = misspelled(issues, context);
  return issues.flatMap((issue) => {
    if (explained.has(issue.path.join('.'))) return [];
    if (issue.code === 'invalid_union') return problemsOfUnion(issue, context);
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(issue, key, context));
    const missing = issue.code === 'invalid_type' && issue.input === undefined;
    const [message, fix] = wording(issue);
    return {
      severity: 'error',
      code: context.codes.badValue,
      message,
      ...(fix === undefined ? {} : { fix }),
      ...context.locate(missing ? issue.path.slice(0, -1) : issue.path),
    } satisfies Problem;
  });
}

/** Keys that are not really missing: an unknown key beside them is a misspelling of theirs, and is reported. */
function misspelled(issues: readonly Issue[], context: IssueContext): Set<string> {
  const meant = issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => [...issue.path, nearest(key, knownKeys(issue, context)) ?? ''].join('.'))
      : [],
  );
  const missing = issues.filter((issue) => 'input' in issue && issue.input === undefined);
  return new Set(missing.map((issue) => issue.path.join('.')).filter((path) => meant.includes(path)));
}

function knownKeys(issue: Issue, context: IssueContext): string[] {
  const own = keysAt(context.schema, issue.path);
  return issue.path.length === 0 ? [...own, ...(context.furtherKeys ?? [])].sort() : own;
}

function unknownKey(issue: Issue, key: string, context: IssueContext): Problem {
  const known = knownKeys(issue, context);
  return {
    severity: 'error',
    code: context.codes.unknownKey,
    message: `"${key}" is not a key of ${issue.path.length === 0 ? context.subject : nameOf(issue.path)}.`,
    fix: didYouMean(key, known, known.length === 0 ? 'Remove it.' : `Known keys: ${known.join(', ')}.`),
    ...context.locate([...issue.path, key], 'key'),
  };
}

/** Of a union's branches only the one that came furthest says something useful: the one the author meant. */
function problemsOfUnion(issue: z.core.$ZodIssueInvalidUnion, context: IssueContext): Problem[] {
  const branches = issue.errors
    .map((errors) => errors.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })))
    .filter((errors) => errors.length > 0);
  const depth = (errors: readonly Issue[]): number => Math.max(...errors.map((inner) => inner.path.length));
  const wrongKind = (errors: readonly Issue[]): boolean =>
    errors.every((inner) => inner.path.length === issue.path.length && inner.code === 'invalid_type');
  const meant = branches
    .filter((errors) => !wrongKind(errors))
    .sort((a, b) => depth(b) - depth(a) || a.length - b.length)[0];
  if (meant !== undefined) return problemsOf(meant, context);
  const kinds = branches.flat().map((inner) => (inner.code === 'invalid_type' ? kindName(inner.expected) : ''));
  const message = issue.path.length === 0 ? 'This value' : capital(nameOf(issue.path));
  const expected = [...new Set(kinds.filter((kind) => kind !== ''))];
  return [
    {
      severity: 'error',
      code: context.codes.badValue,
      message:
        expected.length === 0
          ? `${message} has none of the known forms.`
          : `${message} has to be ${alternatives(expected)}.`,
      ...context.locate(issue.path),
    },
  ];
}

function wording(issue: Issue): [message: string, fix?: string] {
  const name = issue.path.length === 0 ? 'This' : capital(nameOf(issue.path));
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined)
        return [`${name} is missing.`, `Add it: it has to be ${kindName(issue.expected)}.`];
      if (issue.expected === 'boolean' && /^(yes|no|on|off|true|false)$/i.test(String(issue.input))) {
        return [
          `${name} has to be true or false.`,
          `Write ${/^(yes|on|true)$/i.test(String(issue.input))} without quotes.`,
        ];
      }
      return [`${name} has to be ${kindName(issue.expected)}.`];
    case 'invalid_value': {
      const values = issue.values.map(String);
      const got = typeof issue.input === 'string' ? issue.input : undefined;
      if (issue.input === undefined) return [`${name} is missing.`, `Add it: one of ${values.join(', ')}.`];
      const message = `${name} has to be ${values.length === 1 ? values[0] : `one of ${values.join(', ')}`}.`;
      return got === undefined ? [message] : [message, didYouMean(got, values, `Write one of ${values.join(', ')}.`)];
    }
    case 'too_small':
    case 'too_big':
      return [`${name} ${sizeWording(issue)}.`];
    default:
      return [`${name}: ${issue.message}${/[.!?]$/.test(issue.message) ? '' : '.'}`];
  }
}

function sizeWording(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string {
  const isSmall = issue.code === 'too_small';
  const limit = String(isSmall ? issue.minimum : issue.maximum);
  if (isSmall && limit === '1' && issue.origin !== 'number' && issue.origin !== 'int') return 'must not be empty';
  if (issue.origin === 'string') return `has to have ${isSmall ? 'at least' : 'at most'} ${limit} characters`;
  if (issue.origin === 'array') return `has to have ${isSmall ? 'at least' : 'at most'} ${limit} entries`;
  return `has to be ${isSmall ? 'at least' : 'at most'} ${limit}`;
}

/** All keys a schema allows at a path, whatever branch of a union they come from. */
export function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  const root = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  let nodes: JsonSchema[] = expand(root, root);
  for (const part of path) {
    nodes = nodes.flatMap((node) => {
      const child =
        typeof part === 'number' ? node.items : (node.properties?.[String(part)] ?? node.additionalProperties);
      return typeof child === 'object' ? expand(child, root) : [];
    });
  }
  return [...new Set(nodes.flatMap((node) => Object.keys(node.properties ?? {})))].sort();
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
}

function expand(node: JsonSchema, root: JsonSchema): JsonSchema[] {
  const target = node.$ref === '#' ? root : root.$defs?.[node.$ref?.replace('#/$defs/', '') ?? ''];
  if (node.$ref !== undefined) return target === undefined ? [] : expand(target, root);
  const branches = [...(node.anyOf ?? []), ...(node.oneOf ?? []), ...(node.allOf ?? [])];
  return [node, ...branches.flatMap((branch) => expand(branch, root))];
}

/** `"partitions[2].size"` */
function nameOf(path: readonly PropertyKey[]): string {
  const text = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return `"${text.replace(/^\./, '')}"`;
}

function kindName(kind: string): string {
  const names: Readonly<Record<string, string>> = {
    string: 'a text',
    number: 'a number',
    int: 'a whole number',
    boolean: 'true or false',
    array: 'a list',
    object: 'a mapping (key: value)',
    record: 'a mapping (key: value)',
  };
  return names[kind] ?? kind;
}

function alternatives(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
