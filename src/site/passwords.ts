import type { Place, Problem } from '../model/error.ts';
import type { SequenceVariable, TaskSequence } from '../model/sequence.ts';
import type { SequenceReading } from '../sequence/reading.ts';
import { allSteps } from '../sequence/secrets.ts';

// Names of settings that only speak about passwords: OSDRandomAdminPassword, CreateRecoveryPassword, …
const secretName = /passw(or)?[dt]|passphrase|pwd|secret|api[-_]?key|(^|[-_a-z])token$/i;
const aboutPasswords = /random|create|recovery|retry|length|prompt|required|(name|file|path|id|secrets)$/i;

/** Whether a variable or setting of this name holds something that must not be read by others. */
export function namesSecret(name: string): boolean {
  return secretName.test(name) && !aboutPasswords.test(name);
}

/** Passwords that stand in a sequence in clear text: whoever can read the site, its git history or an export has them. */
export function literalPasswords(sequence: TaskSequence, locate: SequenceReading['locate']): Problem[] {
  const file = sequence.place ?? { file: sequence.id };
  const variables = literalVariables(sequence.variables, (path) => locate(undefined, path));
  const steps = allSteps(sequence.items).flatMap(({ step }) => {
    const place = step.place ?? file;
    const named = step.properties?.find(({ property }) => property === 'VariableName')?.value ?? '';
    const properties = (step.properties ?? []).filter(({ variable, property, value }) => {
      const name = property === 'VariableValue' ? named : namesSecret(property) ? property : variable;
      return namesSecret(name) && isLiteral(value);
    });
    return [
      ...properties.map(({ property }) => report(property === 'VariableValue' ? named : property, place)),
      ...(step.properties === undefined
        ? inSettings(step.settings, []).map(({ name, path }) => report(name, locate(step, [...path])))
        : []),
    ];
  });
  return [...variables, ...steps];
}

/** The same for the variables of any file that has a key `variables`. */
export function literalVariables(
  variables: readonly SequenceVariable[],
  locate: (path: PropertyKey[]) => Place,
): Problem[] {
  return variables
    .filter(({ name, value }) => namesSecret(name) && isLiteral(value))
    .map(({ name }) => report(name, locate(['variables', name])));
}

function report(name: string, place: Place): Problem {
  return {
    severity: 'error',
    code: 'BW-SEQUENCE-010',
    message: `The value of "${name}" looks like a password in clear text.`,
    fix: `Run: bootwright secret set ${secretNameFor(name)}, and write: !secret ${secretNameFor(name)}`,
    ...place,
  };
}

function inSettings(value: unknown, path: readonly PropertyKey[]): { name: string; path: readonly PropertyKey[] }[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => inSettings(item, [...path, index]));
  if (typeof value !== 'object' || value === null) return [];
  // `{variable: AdminPassword, value: hunter2}`: the name is itself a value.
  const { variable } = value as { variable?: unknown };
  return Object.entries(value).flatMap(([key, item]) => {
    const name = key === 'value' && typeof variable === 'string' ? variable : key;
    const here = key !== '$secret' && key !== 'variable' && namesSecret(name) && isLiteral(item);
    return here ? [{ name, path: [...path, key] }] : inSettings(item, [...path, key]);
  });
}

/** Numbers, switches, references to variables and empty values give nothing away. */
function isLiteral(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && !/^(%[^%]+%|true|false|yes|no|[01])$/i.test(value);
}

function secretNameFor(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .toLowerCase();
}
