import * as z from 'zod';
import { BootwrightError } from '../model/error.ts';
import { isSecretReference, type SettingValue, type Step } from '../model/sequence.ts';
import type { StepType } from '../model/step.ts';
import type { VariableEnvironment } from './variables.ts';

/**
 * Makes a step's authored settings ready to run: explicit earlier values of its variables take their place,
 * `%NAME%` is replaced, secrets are filled in, the schema has the last word. The step's own values become action
 * variables, to be removed with `removeActionVariables`.
 *
 * @throws BW-STEP-002
 */
export function prepareSettings<Settings>(
  type: StepType<Settings>,
  step: Step,
  environment: VariableEnvironment,
  secretOf: (name: string) => string,
): Settings {
  const settings = structuredClone(step.settings) as Record<string, SettingValue>;
  const expand = (value: SettingValue): SettingValue => {
    if (typeof value === 'string') return environment.expand(value);
    if (isSecretReference(value)) return secretOf(value.$secret);
    if (Array.isArray(value)) return value.map(expand);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, expand(item)]));
  };
  for (const { path, variable } of variablePaths(type, settings)) {
    const given = environment.find(variable);
    if (given !== undefined) {
      write(settings, path, given.value);
      continue;
    }
    const own = read(settings, path);
    const value = own === undefined || (typeof own === 'object' && !isSecretReference(own)) ? undefined : expand(own);
    if (value !== undefined && value !== null)
      environment.put(variable, String(value), 'action', isSecretReference(own));
  }
  const expanded = Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [
      name,
      typeof value === 'string' && type.unexpanded?.includes(name) === true ? value : expand(value),
    ]),
  );
  const parsed = type.settings.safeParse(expanded);
  if (parsed.success) return parsed.data;
  const reasons = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'settings'}: ${issue.message}`);
  throw new BootwrightError('BW-STEP-002', `${step.name}: ${reasons.join('; ')}. Nothing was changed.`, {
    ...(step.place === undefined ? {} : { place: step.place }),
    cause: z.prettifyError(parsed.error),
  });
}

interface VariablePath {
  readonly path: readonly string[];
  readonly variable: string;
}

/** `partitions.#.size` ⇄ `OSDPartitions#Size`, once for each partition there is. */
function variablePaths(type: Pick<StepType, 'variables'>, settings: Record<string, SettingValue>): VariablePath[] {
  return Object.entries(type.variables).flatMap(([path, variable]) => {
    const [list = '', rest] = path.split('.#.');
    if (rest === undefined) return [{ path: path.split('.'), variable }];
    const items = read(settings, list.split('.'));
    if (!Array.isArray(items)) return [];
    return items.map((_, index) => ({
      path: [...list.split('.'), String(index), ...rest.split('.')],
      variable: variable.replace('#', String(index)),
    }));
  });
}

function read(settings: Record<string, SettingValue>, path: readonly string[]): SettingValue | undefined {
  let current: SettingValue | undefined = settings;
  for (const name of path) {
    if (typeof current !== 'object' || current === null) return undefined;
    current = (current as Record<string, SettingValue>)[name];
  }
  return current;
}

function write(settings: Record<string, SettingValue>, path: readonly string[], value: string): void {
  let current = settings;
  for (const name of path.slice(0, -1)) {
    const next = current[name];
    if (typeof next !== 'object' || next === null) current[name] = {};
    current = current[name] as Record<string, SettingValue>;
  }
  current[path.at(-1) ?? ''] = value;
}
