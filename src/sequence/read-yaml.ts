import * as z from 'zod';
import { readYaml, type YamlSource } from '../formats/yaml.ts';
import type { Place, Problem } from '../model/error.ts';
import type { Environment, Group, SequenceItem, SequenceVariable, SettingValue, Step } from '../model/sequence.ts';
import { problemsOf } from './issues.ts';
import type { SequenceReading } from './reading.ts';
import { readCondition } from './yaml-condition.ts';
import { groupKeys, sequenceKeys, stepKeys, variableNamePattern } from './yaml-schema.ts';

const groupSchema = z.strictObject({ ...groupKeys, condition: z.unknown().optional(), steps: z.unknown().optional() });
const stepSchema = z.strictObject({ ...stepKeys, condition: z.unknown().optional() });
const sequenceSchema = z.strictObject({ ...sequenceKeys, steps: z.array(z.unknown()) });

type Path = readonly PropertyKey[];

/** Reads a sequence in the form of docs/sequence-format.md. Finds everything that is wrong; never throws for bad input. */
export function readYamlSequence(text: string, file: string): SequenceReading {
  const source = readYaml(text, file);
  const reader = new YamlSequenceReader(source);
  if (source.problems.length > 0) return { problems: source.problems, locate: reader.locate };
  const sequence = reader.sequence(source.value);
  const problems = reader.problems.toSorted(
    (a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0),
  );
  return { ...(sequence === undefined ? {} : { sequence }), problems, locate: reader.locate };
}

class YamlSequenceReader {
  readonly problems: Problem[] = [];
  private readonly source: YamlSource;
  private readonly paths = new WeakMap<Step, Path>();

  constructor(source: YamlSource) {
    this.source = source;
  }

  readonly locate: SequenceReading['locate'] = (step, path, at = 'value') => {
    if (step === undefined) return this.source.place(path, at);
    const base = this.paths.get(step);
    return {
      ...(base === undefined ? { file: this.source.file } : this.source.place([...base, ...path], at)),
      ...(step.place?.path === undefined ? {} : { path: step.place.path }),
    };
  };

  sequence(value: unknown): SequenceReading['sequence'] {
    const read = this.check(sequenceSchema, 'a sequence', value, [], '');
    const steps = isRecord(value) && Array.isArray(value['steps']) ? value['steps'] : [];
    const items = this.items(steps, ['steps'], '');
    const variables = isRecord(value) ? this.variables(value['variables']) : [];
    if (read === undefined) return undefined;
    return {
      id: idOf(this.source.file),
      name: read.name,
      description: read.description ?? '',
      dialect: 'yaml',
      ...(read.bootImage === undefined ? {} : { bootImage: read.bootImage }),
      variables,
      references: [],
      items,
      place: this.source.place([]),
    };
  }

  private variables(value: unknown): SequenceVariable[] {
    if (!isRecord(value)) return [];
    const seen = new Map<string, string>();
    return Object.entries(value).map(([name, content]) => {
      const fault = variableNameFault(name, seen);
      if (fault !== undefined) {
        this.problems.push({
          severity: 'error',
          code: 'BW-SITE-008',
          ...fault,
          ...this.source.place(['variables', name], 'key'),
        });
      }
      const secret = isRecord(content) ? { $secret: String(content['$secret']) } : undefined;
      return { name, value: secret ?? String(content), ...(secret === undefined ? {} : { hidden: true }) };
    });
  }

  private items(values: readonly unknown[], path: Path, parent: string): SequenceItem[] {
    return values.flatMap((value, index) => {
      const at = [...path, index];
      if (isRecord(value)) {
        const isGroup = Object.hasOwn(value, 'group');
        if (isGroup !== Object.hasOwn(value, 'step')) {
          return (isGroup ? this.group(value, at, parent) : this.step(value, at, parent)) ?? [];
        }
      }
      this.problems.push({
        severity: 'error',
        code: 'BW-SEQUENCE-003',
        message: 'Every item has to be a group (key "group") or a step (key "step"), and not both.',
        fix: 'Write `- step: run-command-line`, or `- group: Name` with `steps:` below it.',
        ...this.source.place(at),
      });
      return [];
    });
  }

  private group(value: Record<string, unknown>, at: Path, parent: string): Group | undefined {
    const path = `${parent}/${wordsOf(value['name'] || value['group'])}`;
    const read = this.check(groupSchema, 'a group', value, at, path);
    const condition = this.condition(value, at, path);
    const { steps } = value;
    if (steps !== undefined && !Array.isArray(steps)) {
      this.problems.push({
        severity: 'error',
        code: 'BW-SEQUENCE-003',
        message: '"steps" has to be a list.',
        fix: 'Begin each step with "- " on a line of its own, or write [] for none.',
        ...this.source.place([...at, 'steps']),
        path,
      });
    }
    const items = this.items(Array.isArray(steps) ? steps : [], [...at, 'steps'], path);
    if (read === undefined) return undefined;
    return {
      kind: 'group',
      ...common(read, read.name ?? read.group),
      ...condition,
      items,
      place: this.place(at, path),
    };
  }

  private step(value: Record<string, unknown>, at: Path, parent: string): Step | undefined {
    const path = `${parent}/${wordsOf(value['name'] || value['step'])}`;
    const entries = Object.entries(value);
    const isCommon = (key: string): boolean => key === 'condition' || Object.hasOwn(stepKeys, key);
    const authored = Object.fromEntries(entries.filter(([key]) => isCommon(key)));
    const read = this.check(stepSchema, 'a step', authored, at, path);
    const condition = this.condition(value, at, path);
    if (read === undefined) return undefined;
    const step: Step = {
      kind: 'step',
      ...common(read, read.name ?? ''),
      ...condition,
      type: read.step,
      settings: Object.fromEntries(entries.filter(([key]) => !isCommon(key))) as Record<string, SettingValue>,
      environments: environments(read.runIn),
      successCodes: read.successCodes ?? [0, 3010],
      retryCount: read.retryCount ?? 0,
      timeoutSeconds: read.timeoutSeconds ?? 0,
      place: this.place(at, path),
    };
    this.paths.set(step, at);
    return step;
  }

  private condition(value: Record<string, unknown>, at: Path, path: string): Pick<Step, 'condition'> {
    if (value['condition'] === undefined) return {};
    const locate = (inner: PropertyKey[], which?: 'key' | 'value'): Place => ({
      ...this.source.place([...at, 'condition', ...inner], which),
      path,
    });
    const condition = readCondition(value['condition'], { problems: this.problems, locate });
    return condition === undefined ? {} : { condition };
  }

  /** Reports all findings; the result is what remains when wrong keys are left out, so that reading can go on. */
  private check<T>(schema: z.ZodType<T>, subject: string, value: unknown, at: Path, path: string): T | undefined {
    const result = schema.safeParse(value, { reportInput: true });
    if (result.success) return result.data;
    const locate = (inner: PropertyKey[], which?: 'key' | 'value'): Place => ({
      ...this.source.place([...at, ...inner], which),
      ...(path === '' ? {} : { path }),
    });
    const codes = { unknownKey: 'BW-SEQUENCE-002', badValue: 'BW-SEQUENCE-003' } as const;
    this.problems.push(...problemsOf(result.error.issues, { schema, subject, codes, locate }));
    if (!isRecord(value)) return undefined;
    const wrong = result.error.issues.flatMap((issue) =>
      issue.code === 'unrecognized_keys' && issue.path.length === 0 ? issue.keys : [String(issue.path[0])],
    );
    return schema.safeParse(Object.fromEntries(Object.entries(value).filter(([key]) => !wrong.includes(key)))).data;
  }

  private place(at: Path, path: string): Place {
    return { ...this.source.place(at), path };
  }
}

/** What is wrong with the name of an authored variable, if anything. */
export function variableNameFault(
  name: string,
  seen: Map<string, string> = new Map(),
): { message: string; fix?: string } | undefined {
  const earlier = seen.get(name.toLowerCase());
  seen.set(name.toLowerCase(), name);
  if (name.startsWith('_'))
    return { message: `The variable ${name} is read-only: names that begin with _ belong to the engine.` };
  if (!variableNamePattern.test(name)) return { message: `"${name}" cannot be the name of a variable.` };
  if (earlier === undefined) return undefined;
  return { message: `The variables ${earlier} and ${name} are the same one: case does not count.`, fix: 'Remove one.' };
}

function common(
  read: {
    description?: string | undefined;
    disabled?: boolean | undefined;
    continueOnError?: boolean | undefined;
  },
  name: string,
): Pick<Step, 'name' | 'description' | 'disabled' | 'continueOnError'> {
  return {
    name,
    description: read.description ?? '',
    disabled: read.disabled ?? false,
    continueOnError: read.continueOnError ?? false,
  };
}

/** Empty: not stated, the step type decides. */
function environments(runIn: Environment | 'any' | undefined): Environment[] {
  if (runIn === undefined) return [];
  return runIn === 'any' ? ['boot', 'deployed'] : [runIn];
}

/** File name without folder and extension. */
export function idOf(file: string): string {
  return file.replace(/^.*[/\\]/, '').replace(/\.[^.]*$/, '');
}

function wordsOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '?';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
