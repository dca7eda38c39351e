import type { VariableAccess } from '../../model/step.ts';

/** Values of `APP01`, `APP02`, … up to the first that is missing or empty (spec/steps.md, Install Application). */
export function listedValues(variables: Pick<VariableAccess, 'get'>, baseVariable: string, digits: number): string[] {
  const values: string[] = [];
  for (;;) {
    const value = variables.get(`${baseVariable}${String(values.length + 1).padStart(digits, '0')}`)?.trim() ?? '';
    if (value === '') return values;
    values.push(value);
  }
}

/** `ABC00012:Install everything` → package and program; `undefined` when it is not of that form. */
export function packageAndProgram(value: string): { readonly id: string; readonly program: string } | undefined {
  const [, id = '', program = ''] = /^([^:\s]+):(.+)$/.exec(value) ?? [];
  return id === '' ? undefined : { id, program: program.trim() };
}
