import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { examineHost, missingPackages } from '../../src/host/doctor.ts';

const folder = mkdtempSync(join(tmpdir(), 'doctor-test-'));
const path = process.env['PATH'];
process.env['PATH'] = `${folder}:${path}`;
afterAll(() => {
  process.env['PATH'] = path;
  rmSync(folder, { recursive: true });
});

function program(name: string, script: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
}

it('finds programs and files, asks for versions, and names the packages of what is missing', async () => {
  program('plain', 'echo "plain tool version 1.22.333 (c) 2020"');
  program('shy', 'echo "shy 4.5" >&2; exit 3');
  program('whole', 'echo "kmod version 34"');
  program('mute', 'exit 1');
  const tool = { package: 'tools', version: '--version', neededFor: 'tests' };
  const findings = await examineHost([
    { ...tool, program: 'plain' },
    { ...tool, program: 'shy' },
    { ...tool, program: 'whole' },
    { ...tool, program: 'mute' },
    { ...tool, program: 'not-there', package: 'zeta' },
    { file: join(folder, 'plain'), package: 'files', neededFor: 'tests' },
    { file: join(folder, 'nowhere'), package: 'alpha', neededFor: 'tests' },
  ]);
  expect(findings.map(({ name, version }) => [name, version])).toEqual([
    ['plain', '1.22.333'],
    ['shy', '4.5'],
    ['whole', '34'],
    ['mute', undefined],
    ['not-there', undefined],
    [join(folder, 'plain'), undefined],
    [join(folder, 'nowhere'), undefined],
  ]);
  expect(findings.filter((finding) => finding.path === undefined).map(({ name }) => name)).toEqual([
    'not-there',
    join(folder, 'nowhere'),
  ]);
  expect(missingPackages(findings)).toEqual(['alpha', 'zeta']);
});
