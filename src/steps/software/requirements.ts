import type { Machine } from '../../model/machine.ts';
import type { Requirement } from '../../model/software.ts';
import type { StepContext } from '../../model/step.ts';
import { compareVariable, matchesPattern } from '../../model/variable-comparison.ts';
import { InsideRoot } from '../inside-root.ts';
import { toBytes } from '../settings.ts';

/** Why an application is not for this machine; empty when it is. */
export async function unmetRequirements(
  machine: Machine,
  { variables }: Pick<StepContext, 'variables'>,
  requirements: readonly Requirement[],
  root: string | undefined,
): Promise<string[]> {
  const unmet: string[] = [];
  for (const requirement of requirements) {
    if ('architecture' in requirement) {
      const { architecture } = await machine.facts();
      if (!requirement.architecture.includes(architecture))
        unmet.push(`it is for ${requirement.architecture.join(', ')}, and this machine is ${architecture}`);
    } else if ('operatingSystem' in requirement) {
      const names = await systemNames(machine, root);
      const isFit = requirement.operatingSystem.some((wanted) => names.some((name) => matchesPattern(name, wanted)));
      if (!isFit)
        unmet.push(`it is for ${requirement.operatingSystem.join(', ')}, and this is ${names[0] ?? 'another system'}`);
    } else if ('memory' in requirement) {
      const { memoryBytes } = await machine.facts();
      if (memoryBytes < toBytes(requirement.memory, 'memory')) unmet.push(`it needs ${requirement.memory} of memory`);
    } else if ('freeSpace' in requirement) {
      const { freeBytes } = await machine.space(`${root ?? ''}/`);
      if (freeBytes < toBytes(requirement.freeSpace, 'freeSpace'))
        unmet.push(`it needs ${requirement.freeSpace} of free space`);
    } else {
      const { variable, operator, value } = requirement;
      const wanted = variables.expand(String(value ?? ''));
      if (!compareVariable(variables.get(variable), operator, wanted))
        unmet.push(`${variable} ${operator}${value === undefined ? '' : ` "${value}"`} does not hold`);
    }
  }
  return unmet;
}

/** `Debian GNU/Linux 13 (trixie)`, `debian 13`, `debian`: what an operating system may be called. */
async function systemNames(machine: Machine, root: string | undefined): Promise<string[]> {
  const inside = new InsideRoot(machine, root ?? '');
  const text = (await inside.text('/etc/os-release')) ?? (await inside.text('/usr/lib/os-release')) ?? '';
  const field = (name: string): string => new RegExp(`^${name}="?([^"\\n]*)"?$`, 'm').exec(text)?.[1] ?? '';
  return [field('PRETTY_NAME'), `${field('ID')} ${field('VERSION_ID')}`.trim(), field('ID')].filter(
    (name) => name !== '',
  );
}
