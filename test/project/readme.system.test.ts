import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'readme-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The block of the README that makes a site and a medium from it, line by line. */
function lines(): string[] {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const block = [...readme.matchAll(/^```sh\n(.*?)^```$/gms)]
    .map(([, text]) => text!)
    .find((text) => text.includes(' init lab'));
  return (block ?? '').trim().split('\n');
}

function run(line: string): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync('sh', ['-c', `bootwright() { "$NODE" "$PROGRAM" "$@"; }; ${line}`], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      NODE: process.execPath,
      PROGRAM: join(root, 'bin', 'run.js'),
      XDG_CONFIG_HOME: join(folder, 'config'),
    },
  });
  return { status, output: stdout + stderr };
}

it('the lasting way of the README makes an ISO, as written', () => {
  // Any tree with Unix data does for making a medium; the boot tests deploy a real system.
  mkdirSync(join(folder, 'tree', 'etc'), { recursive: true });
  writeFileSync(join(folder, 'tree', 'etc', 'hostname'), 'readme\n');
  expect(run('wimlib-imagex capture tree debian.wim --unix-data').status).toBe(0);
  writeFileSync(join(folder, 'password.txt'), 'a password for the readme\n');
  const written = lines();
  // Booting it is the boot tests' part.
  expect(written.at(-1)).toContain('bootwright media prove');
  for (const line of written.slice(0, -1)) {
    // Where a person would be asked, there is nobody to ask.
    const answered = line.includes('media create') ? `${line} --password-file password.txt` : line;
    const { status, output } = run(answered);
    expect(status, `${line}\n${output}`).toBe(0);
  }
  expect(existsSync(join(folder, 'lab.iso'))).toBe(true);
});
