import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, Parser } from '@oclif/core';
import { COMMANDS } from '../../commands/all.ts';

export const root = join(import.meta.dirname, '..', '..');

/** Runs the built command line as a person would. */
export function bootwright(
  args: readonly string[],
  environment: Record<string, string> = {},
): SpawnSyncReturns<string> {
  if (!existsSync(join(root, 'dist', '.built'))) throw new Error('dist is missing: npm run build');
  return spawnSync(process.execPath, [join(root, 'bin', 'run.js'), ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
}

/** The words of one shell command. Quotes are understood, nothing is expanded. */
export function words(line: string): string[] {
  const found = line.matchAll(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g);
  return [...found].map(([word]) => word.replaceAll(/'([^']*)'|"([^"]*)"/g, '$1$2'));
}

/** The command that the words begin with (its id), and the words left over for it. */
export function commandOf(
  line: readonly string[],
): { id: string; command: typeof Command; rest: string[] } | undefined {
  for (let length = Math.min(line.length, 4); length > 0; length -= 1) {
    const id = line.slice(0, length).join(':');
    const command = COMMANDS[id] ?? Object.values(COMMANDS).find(({ aliases }) => aliases?.includes(id));
    if (command !== undefined) return { id, command, rest: line.slice(length) };
  }
  return undefined;
}

/** Parses `bootwright …` as oclif would, without running it. @throws when the command or a flag does not exist */
export async function parseLine(line: string): Promise<void> {
  const [program, ...rest] = words(line);
  if (program !== 'bootwright') throw new Error(`not a bootwright command: ${line}`);
  const found = commandOf(rest);
  if (found === undefined) {
    const isTopic = Object.keys(COMMANDS).some((id) => id.startsWith(`${rest.join(':')}:`));
    if (isTopic || rest.every((word) => word.startsWith('--')) || ['help', 'autocomplete'].includes(rest[0]!)) return;
    throw new Error(`no such command: ${line}`);
  }
  const { command } = found;
  if (found.rest.includes('--help')) return;
  const flags = Object.fromEntries(
    Object.entries({ ...command.baseFlags, ...command.flags, ...(command.enableJsonFlag ? jsonFlag : {}) }).map(
      // Names and kinds are checked, values are not: files of an example do not exist here.
      ([name, flag]) => [name, { ...flag, default: undefined, parse: async (value: unknown) => value }],
    ),
  );
  await Parser.parse(found.rest, { flags, args: command.args, strict: command.strict } as unknown as Parameters<
    typeof Parser.parse
  >[1]);
}

const jsonFlag = { json: { type: 'boolean', description: '', allowNo: false, parse: async (value: boolean) => value } };
