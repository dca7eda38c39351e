import { join } from 'node:path';
import { readText } from '../host/files.ts';
import type { MediumPrestart } from '../model/bootable.ts';
import type { SequenceVariable } from '../model/sequence.ts';
import type { AgentContext } from './context.ts';

/** More would be a script, which belongs into a package. Configuration Manager has the same limit. */
const longest = 4096;
const mostVariables = 256;

/**
 * The command a boot image was built with runs before anything is asked. Its failure is logged and changes nothing:
 * what it was to prepare (a network, a driver) shows by itself when it is missing.
 */
export async function runPrestart(context: AgentContext): Promise<void> {
  await runBefore(context, await readText(context.paths.prestart).catch(() => ''));
}

/** The same for a command the medium brings, which runs after that of its boot image. */
export async function runBefore(context: AgentContext, text: string, directory?: string): Promise<void> {
  const { machine, emit, terminal } = context;
  const command = text.trim().slice(0, longest);
  if (command === '') return;
  emit({ type: 'agent.phase', name: 'prestart', text: command });
  terminal.show({ id: 'prestart', title: 'Preparing …', tone: 'normal', blocks: [], keys: [] });
  const { code, output } = await machine.command({ command, ...(directory === undefined ? {} : { directory }) });
  log(context, code === 0 ? 'info' : 'warning', `Ended with ${code}: ${output.slice(-1000)}`);
}

/** What a medium brings for that. `folder`: its root, as it can be read; its files were compared with their signed list. */
export async function runPrestartOf(
  context: AgentContext,
  folder: string,
  prestart: MediumPrestart | undefined,
): Promise<void> {
  if (prestart === undefined) return;
  const { command, folder: own } = prestart;
  await runBefore(context, command, ...(own === undefined ? [] : [join(folder, own)]));
}

/** What those commands wrote into `/run/bootwright/variables`, a line `NAME=value` for each. */
export async function readPrestartVariables(context: AgentContext): Promise<readonly SequenceVariable[]> {
  const path = context.paths.variables;
  const { variables, wrong } = parseVariables(await readText(path).catch(() => ''));
  for (const line of wrong) log(context, 'warning', `Line ${line} of ${path} sets no variable: it is left out.`);
  // Names only: nobody knows which value is meant to be seen.
  if (variables.length > 0) log(context, 'info', `Sets ${variables.map(({ name }) => name).join(', ')}.`);
  return variables;
}

function log({ emit }: AgentContext, severity: 'info' | 'warning', text: string): void {
  emit({ type: 'log', severity, component: 'Prestart', text });
}

/** `NAME=value` lines; empty ones and `#` comments count for nothing. Names with an underscore in front are the engine's. Pure. */
export function parseVariables(text: string): {
  readonly variables: readonly SequenceVariable[];
  readonly wrong: readonly number[];
} {
  const variables: SequenceVariable[] = [];
  const wrong: number[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const [, name = '', value = ''] = /^\s*([A-Za-z][\w.-]{0,254})=(.*)$/.exec(line) ?? [];
    if (name === '' || variables.length >= mostVariables) wrong.push(index + 1);
    else variables.push({ name, value });
  }
  return { variables: joinVariables(variables), wrong };
}

/** Of several with one name the last one wins, whatever the case of the name. Pure. */
export function joinVariables(...sources: readonly (readonly SequenceVariable[])[]): readonly SequenceVariable[] {
  const byName = new Map<string, SequenceVariable>();
  for (const variable of sources.flat()) {
    const key = variable.name.toLowerCase();
    byName.delete(key);
    byName.set(key, variable);
  }
  return [...byName.values()];
}

/** The value that is no secret of the site; `undefined` when there is none, or an empty one. Pure. */
export function findVariable(variables: readonly SequenceVariable[], wanted: string): string | undefined {
  const found = variables.findLast(({ name }) => name.toLowerCase() === wanted.toLowerCase())?.value;
  return typeof found === 'string' && found !== '' ? found : undefined;
}
