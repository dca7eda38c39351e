import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from '@oclif/core';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../commands/all.ts';
import { BaseCommand } from '../../commands/base.ts';
import { parseLine, root } from './command-line.ts';

const commands = Object.entries(COMMANDS);

interface Named {
  readonly char?: string;
  readonly type?: string;
  readonly required?: boolean;
  readonly multiple?: boolean;
  readonly hidden?: boolean;
  readonly default?: unknown;
  readonly options?: readonly string[];
  readonly exclusive?: readonly string[];
  readonly dependsOn?: readonly string[];
  readonly description?: string;
}

/** What scripts depend on: names and kinds, not help texts. */
function contract(command: typeof Command): object {
  const shape = ({ char, type, required, multiple, options, exclusive, dependsOn }: Named): object => {
    const facts = {
      char,
      type,
      required,
      multiple: multiple === true ? true : undefined,
      options,
      exclusive,
      dependsOn,
    };
    return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined && value !== false));
  };
  const all = (named: object): object =>
    Object.fromEntries(
      Object.entries(named)
        .map(([name, value]) => [name, shape(value as Named)])
        .sort(),
    );
  return {
    aliases: command.aliases ?? [],
    json: command.enableJsonFlag,
    args: Object.fromEntries(Object.entries(command.args ?? {}).map(([name, value]) => [name, shape(value as Named)])),
    flags: all({ ...command.baseFlags, ...command.flags }),
  };
}

describe('the command line', () => {
  it('changes only when the golden file changes with it (npm run unit -- -u)', async () => {
    const golden = Object.fromEntries(
      commands.sort().map(([id, command]) => [id.replaceAll(':', ' '), contract(command)]),
    );
    await expect(`${JSON.stringify(golden, null, 2)}\n`).toMatchFileSnapshot(
      join(import.meta.dirname, 'cli.golden.json'),
    );
  });

  it('registers every file of commands/', () => {
    const files = readdirSync(join(root, 'commands'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .filter((name) => readFileSync(join(root, 'commands', name), 'utf8').includes('export default class'))
      .map((name) => name.slice(0, -3).replaceAll('/', ':'));
    expect(files.sort()).toEqual(commands.map(([id]) => id).sort());
  });

  it('shows no default where a flag that may be repeated has none', () => {
    const { commands: cached } = JSON.parse(readFileSync(join(root, 'oclif.manifest.json'), 'utf8')) as {
      commands: Record<string, { flags: Record<string, Named> }>;
    };
    const shown = Object.entries(cached).flatMap(([id, { flags }]) =>
      Object.entries(flags)
        .filter(([, flag]) => String(flag.default) === '')
        .map(([name]) => `${id} --${name}`),
    );
    expect(shown).toEqual([]);
  });

  it('describes every topic', () => {
    interface Topic {
      readonly description?: string;
      readonly subtopics?: Record<string, Topic>;
    }
    const { oclif } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      oclif: { topics: Record<string, Topic> };
    };
    const described = (topics: Record<string, Topic>, parent = ''): string[] =>
      Object.entries(topics).flatMap(([name, topic]) => [
        ...(topic.description === undefined ? [] : [parent + name]),
        ...described(topic.subtopics ?? {}, `${parent}${name}:`),
      ]);
    const used = new Set(
      commands.flatMap(([id]) => {
        const parts = id.split(':');
        return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join(':'));
      }),
    );
    expect(described(oclif.topics).sort()).toEqual([...used].sort());
  });
});

describe.each(commands)('%s', (id, command) => {
  it('extends BaseCommand, has a summary and says what its flags and arguments mean', () => {
    expect(command.prototype).toBeInstanceOf(BaseCommand);
    expect(command.summary ?? '').toMatch(/^[A-Z].*\.$/);
    expect(command.enableJsonFlag).toBe(true);
    for (const [name, flag] of Object.entries({ ...command.flags, ...command.args }))
      expect((flag as Named).description ?? (flag as { summary?: string }).summary, `${id} ${name}`).toBeTruthy();
  });

  it('has examples that parse', async () => {
    const lines = (command.examples ?? [])
      .map((example) => (typeof example === 'string' ? example : example.command))
      .flatMap((text) => text.replaceAll('\\\n', ' ').split('\n'))
      .map((line) =>
        line
          .trim()
          .replace(/^\$\s+/, '')
          .replaceAll('<%= config.bin %>', 'bootwright'),
      )
      .map((line) => line.replaceAll('<%= command.id %>', id.replaceAll(':', ' ')))
      .flatMap((line) => line.split(/\s+\|\s+/))
      .filter((line) => line.startsWith('bootwright '));
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) {
      expect(line).toMatch(new RegExp(`^bootwright ${id.replaceAll(':', ' ')}\\b`));
      await parseLine(line);
    }
  });

  it('is a thin file', () => {
    const file = join(root, 'commands', `${id.replaceAll(':', '/')}.ts`);
    expect(readFileSync(file, 'utf8').split('\n').length).toBeLessThanOrEqual(121);
  });
});
