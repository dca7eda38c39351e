import type { Inspection } from './inspect.ts';
import type { LoaderFacts } from './loaders.ts';
import type { SequenceLine } from './sequence-tree.ts';

/** The task sequence as a tree, variables, names of secrets. */
export function policyLines(policy: Inspection['policy']): string[] {
  const { steps = [], variables = [], secrets = [] } = policy ?? {};
  return [
    ...(steps.length === 0 ? [] : ['\nTask sequence', ...steps.map(stepLine)]),
    ...(variables.length === 0 ? [] : ['\nVariables']),
    ...variables.map(({ name, value }) => `  ${name}${value === undefined ? '  (hidden)' : ` = ${value}`}`),
    ...(secrets.length === 0 ? [] : ['\nSecrets', ...secrets.map((name) => `  ${name}`)]),
  ];
}

function stepLine({ depth, name, step, condition, disabled, continueOnError }: SequenceLine): string {
  const remarks = [
    ...(step === undefined ? [] : [step]),
    ...(disabled ? ['disabled'] : []),
    ...(continueOnError ? ['goes on after an error'] : []),
    ...(condition === undefined ? [] : [`if ${condition}`]),
  ];
  return `${'  '.repeat(depth + 1)}${name}${remarks.length === 0 ? '' : `  [${remarks.join('; ')}]`}`;
}

/** What firmware and loaders start, a line for each and one for each signature. */
export function loaderLines({ path, what, version, signatures }: LoaderFacts): string[] {
  return [
    `  ${path}  ${what}${version === undefined ? '' : `, ${version}`}${signatures.length === 0 ? ', not signed' : ''}`,
    ...signatures.map(({ signer, authority, validFrom, validTo }) => {
      const valid = validTo === undefined ? '' : `, ${validFrom?.slice(0, 10)} to ${validTo.slice(0, 10)}`;
      return `    signed by ${signer}${authority === signer ? '' : `, issued by ${authority}`}${valid}`;
    }),
  ];
}
