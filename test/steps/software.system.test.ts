import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LinuxMachine } from '../../src/machine/linux/machine.ts';
import type { SimulatedMachine } from '../../src/machine/simulated/machine.ts';
import type { ContentItem } from '../../src/model/policy.ts';
import { findStepType, stepTypes } from '../../src/steps/index.ts';
import { run, step } from '../engine/harness.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'software-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Content of a folder of its own, with these files in it. */
function content(id: string, kind: ContentItem['kind'], definition: object, files: Readonly<Record<string, string>>) {
  mkdirSync(join(folder, 'content', id), { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, 'content', id, name), text);
    // As they come from an optical medium.
    chmodSync(join(folder, 'content', id, name), 0o444);
  }
  return { id, kind, name: id, file: '', size: 1, sha256: '', definition, path: join(folder, 'content', id) };
}

function perform(steps: readonly (readonly [string, Record<string, unknown>])[], items: readonly ContentItem[]) {
  return run(
    steps.map(([name, settings]) => {
      const type = findStepType(name)!;
      return step(name, { type: type.type, settings: settings as never, environments: type.environments });
    }),
    {
      types: stepTypes,
      machine: new LinuxMachine({
        environment: 'deployed',
        runFolder: join(folder, 'run'),
      }) as unknown as SimulatedMachine,
      content: async (id) => items.find((item) => item.id === id) as ContentItem & { path: string },
    },
  );
}

const said = (result: Awaited<ReturnType<typeof perform>>): string =>
  result.events.flatMap((event) => (event.type === 'log' ? [event.text] : [])).join('\n');

it('installs, finds, and leaves alone real things', async () => {
  const there = join(folder, 'VERSION');
  const application = content(
    'tool',
    'application',
    {
      install: { command: 'sh install.sh' },
      detection: [
        { file: there, version: { operator: 'greaterEqual', value: '2.1' } },
        { command: `grep -q tool ${there}` },
      ],
      requirements: [{ memory: '1 MB' }, { freeSpace: '1 MB' }, { architecture: ['x64', 'arm64'] }],
    },
    { 'install.sh': `cp version.txt ${there}; echo installed it\n`, 'version.txt': 'tool 2.10\n' },
  );
  const first = await perform([['install-application', { applications: ['tool'] }]], [application]);
  expect(first.outcome.state).toBe('completed');
  expect(said(first)).toContain('installed it');
  const second = await perform([['install-application', { applications: ['tool'] }]], [application]);
  expect(said(second)).not.toContain('installed it');
  // A version that is too old is not this application.
  writeFileSync(there, 'tool 2.0\n');
  rmSync(join(folder, 'content', 'tool', 'version.txt'));
  const third = await perform([['install-application', { applications: ['tool'] }]], [application]);
  expect(third.outcome).toMatchObject({ state: 'failed', code: 0x87d00324 });
});

it('ends a program that takes too long with everything it started', async () => {
  const tools = content(
    'tools',
    'package',
    { programs: [{ name: 'Wait', command: 'sh wait.sh', timeoutMinutes: 1 / 60 }] },
    { 'wait.sh': 'sleep 60 & sleep 60\n' },
  );
  const result = await perform([['install-package', { package: 'tools' }]], [tools]);
  expect(result.outcome).toMatchObject({ state: 'failed', error: 'BW-STEP-131' });
});

it('brings content to its place, and says where that is', async () => {
  const tools = content('tools', 'package', {}, { 'a.txt': 'a', 'b.txt': 'bb' });
  const path = join(folder, 'kept');
  const settings = { packages: ['tools'], location: 'custom', path, variable: 'Tools' };
  const result = await perform([['download-package-content', settings]], [tools]);
  expect(result.outcome.state).toBe('completed');
  expect(result.outcome.saved.variables).toContainEqual({
    name: 'Tools01',
    value: join(path, 'tools'),
    origin: 'step',
  });
  expect(readdirSync(join(path, 'tools')).map((name) => readFileSync(join(path, 'tools', name), 'utf8'))).toEqual([
    'a',
    'bb',
  ]);
});
