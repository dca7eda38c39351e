import { BootwrightError } from '../../model/error.ts';
import type { LeftBehind, Machine } from '../../model/machine.ts';
import { type DetectionRule, type VersionRule, versionHolds } from '../../model/software.ts';
import type { StepContext } from '../../model/step.ts';
import { InsideRoot } from '../inside-root.ts';
import { type Content, placeFor } from './command-place.ts';
import { checkCommand } from './run-install.ts';

/** A version is looked for in the first line of a text; a program of that size is none. */
const longestVersionFile = 64 * 1024;

export interface Detection {
  readonly detected: boolean;
  /** One sentence per rule. */
  readonly reasons: readonly string[];
}

/** Before anything runs. @throws BW-STEP-134 a rule this machine cannot answer, and as `checkCommand` */
export function checkDetection(title: string, rules: readonly DetectionRule[], context: StepContext): void {
  for (const rule of rules) {
    if ('command' in rule) checkCommand(`the detection of ${title}`, rule, context);
    if ('registry' in rule)
      throw new BootwrightError(
        'BW-STEP-134',
        `${title} is detected by the registry (${rule.registry}), and this machine has none. Nothing was installed.`,
      );
  }
}

/** Whether all rules hold now: read from the machine, every time. @throws BW-STEP-134 */
export async function detect(
  machine: Machine,
  context: StepContext,
  what: { readonly rules: readonly DetectionRule[]; readonly content: Content; readonly root: string | undefined },
): Promise<Detection> {
  const reasons: string[] = [];
  let detected = true;
  for (const rule of what.rules) {
    const [holds, reason] = await judge(machine, context, rule, what);
    reasons.push(reason);
    if (!holds) detected = false;
  }
  return { detected, reasons };
}

async function judge(
  machine: Machine,
  context: StepContext,
  rule: DetectionRule,
  { content, root }: { readonly content: Content; readonly root: string | undefined },
): Promise<readonly [boolean, string]> {
  if ('command' in rule) {
    const place = await placeFor(machine, root, content.size === 0 ? undefined : content);
    const command = context.variables.expand(rule.command);
    const { signal } = context;
    const asked = machine.command({ command, question: true, signal, ...place.request });
    const { code } = await asked.finally(place.leave);
    return [code === (rule.exitCode ?? 0), `"${rule.command}" ends with ${code}`];
  }
  if ('registry' in rule) return [false, `there is no registry for ${rule.registry}`];
  const path = context.variables.expand(rule.file);
  const place = root === undefined ? path : await new InsideRoot(machine, root).end(path);
  const size = place === undefined ? undefined : await machine.fileSize(place);
  const isThere = size !== undefined || (place !== undefined && (await machine.list(place)).length > 0);
  if (!isThere) return [false, `there is no ${path}`];
  if (rule.version === undefined) return [true, `there is ${path}`];
  const found = await versionOf(machine, place ?? path, size ?? 0, path);
  return [versionHolds(found, rule.version), `${path} is of version ${found}`];
}

/** Linux keeps no version beside a file: of a text it is the first number in its first line. @throws BW-STEP-134 */
async function versionOf(machine: Machine, place: string, size: number, path: string): Promise<string> {
  const bytes = size <= longestVersionFile ? await machine.readFile(place).catch(() => undefined) : undefined;
  const [line = ''] = new TextDecoder().decode(bytes ?? new Uint8Array()).split('\n');
  const version = line.includes('\0') ? undefined : /\d{1,9}(\.\d{1,9}){0,5}/.exec(line)?.[0];
  if (version !== undefined) return version;
  throw new BootwrightError(
    'BW-STEP-134',
    `${path} has no version that can be read: on Linux it is the first number in the first line of a text. Ask with a command instead.`,
  );
}

/** What detection finds once an application is installed, for machines that are models. */
export function leftBehind(rules: readonly DetectionRule[]): LeftBehind[] {
  return rules.flatMap((rule): LeftBehind[] => {
    if ('file' in rule)
      return [{ file: rule.file, text: rule.version === undefined ? '' : versionThatHolds(rule.version) }];
    return 'command' in rule ? [{ answer: rule.command, code: rule.exitCode ?? 0 }] : [];
  });
}

function versionThatHolds({ operator, value }: VersionRule): string {
  if (operator === 'less') return '0';
  return operator === 'greater' || operator === 'notEquals' ? `${value}.1` : value;
}
