import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { hostTools } from '../../src/host/tools.ts';

const root = join(import.meta.dirname, '..', '..');
const scratch = mkdtempSync(join(tmpdir(), 'set-up-test-'));
afterAll(() => rmSync(scratch, { recursive: true }));

/** A clone that has only what set-up reads, and a machine that has only what every Unix has. */
function clone(name: string): { folder: string; bin: string } {
  const folder = join(scratch, name);
  for (const file of ['bin/set-up', 'src/host/tools.json', 'package-lock.json'])
    cpSync(join(root, file), join(folder, file), { recursive: true });
  const bin = join(folder, 'system-bin');
  mkdirSync(bin);
  for (const program of [
    'sh',
    'awk',
    'cat',
    'cmp',
    'cut',
    'date',
    'dirname',
    'env',
    'find',
    'head',
    'id',
    'mkdir',
    'sed',
    'sleep',
    'sort',
    'tail',
    'tr',
    'cp',
  ]) {
    const found = (process.env['PATH'] ?? '').split(delimiter).find((entry) => existsSync(join(entry, program)));
    if (found === undefined) throw new Error(`this machine has no ${program}`);
    symlinkSync(join(found, program), join(bin, program));
  }
  return { folder, bin };
}

function setUp({ folder, bin }: { folder: string; bin: string }, ...args: string[]) {
  // BOOTWRIGHT_SYSTEM_FOLDERS keeps the real /usr/sbin of this machine out of the test.
  return spawnSync(join(bin, 'sh'), [join(folder, 'bin', 'set-up'), ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: bin, HOME: folder, BOOTWRIGHT_SYSTEM_FOLDERS: '/nonexistent' },
  });
}

/** A program that writes down how it was called. */
function fake(bin: string, name: string, script: string): void {
  rmSync(join(bin, name), { force: true });
  writeFileSync(join(bin, name), `#!/bin/sh\necho "${name} $*" >>"$HOME/calls"\n${script}\n`, { mode: 0o755 });
}

describe('set-up on a machine without apt', () => {
  it('names every missing program with its package and purpose, does nothing, ends with 3', () => {
    const machine = clone('without-apt');
    const { stdout, stderr, status } = setUp(machine);
    expect(status).toBe(3);
    for (const { program, package: from, neededFor } of hostTools.filter((tool) => tool.program !== undefined))
      expect(stdout).toMatch(new RegExp(`^  ${program} +Debian package ${from} +for ${neededFor}$`, 'm'));
    expect(stderr).toContain('own package manager');
    expect(existsSync(join(machine.folder, 'node_modules'))).toBe(false);
  });
});

describe('set-up with apt', () => {
  it('says what and how much, then installs exactly the missing packages without asking anything', () => {
    const machine = clone('with-apt');
    fake(machine.bin, 'id', 'echo 0');
    fake(machine.bin, 'mformat', '');
    fake(machine.bin, 'mcopy', '');
    fake(
      machine.bin,
      'apt-get',
      `case "$*" in
         *--assume-no*) echo 'Need to get 44.6 MB of archives.'; echo 'After this operation, 177 MB of additional disk space will be used.'; exit 1 ;;
         *' install '*) echo "frontend $DEBIAN_FRONTEND" >>"$HOME/calls"
           for tool in ${hostTools.flatMap(({ program }) => program ?? []).join(' ')}; do
             [ -e "${machine.bin}/$tool" ] || printf '#!/bin/sh\n' >"${machine.bin}/$tool"; done
           PATH=/usr/bin:/bin chmod +x ${machine.bin}/* 2>/dev/null ;;
       esac`,
    );
    fake(machine.bin, 'npm', 'exit 1');
    const { stdout, stderr, status } = setUp(machine);
    const calls = spawnSync('cat', [join(machine.folder, 'calls')], { encoding: 'utf8' }).stdout;
    expect(stdout).toContain('Download: 44.6 MB\n  Disk: 177 MB');
    expect(stdout.indexOf('Debian packages to install')).toBeLessThan(stdout.indexOf('Download:'));
    const install = /^apt-get .* install .*$/m.exec(calls.replace(/^.*--assume-no.*$/m, ''))?.[0] ?? '';
    expect(install).toContain('-y');
    expect(install).toContain('DPkg::Lock::Timeout=');
    expect(install).toContain(' xorriso');
    expect(install).not.toContain(' mtools');
    expect(calls.match(/^apt-get .*update$/gm)).toHaveLength(1);
    expect(calls).toContain('frontend noninteractive');
    // npm fails on this machine: the set-up stops there, and the next one starts there.
    expect(calls).toContain('npm ci --ignore-scripts');
    expect(status).toBe(3);
    expect(stderr).toContain('out/set-up.log');
  });

  it('without root and sudo says what root has to do', () => {
    const machine = clone('without-root');
    fake(machine.bin, 'id', 'echo 1000');
    fake(machine.bin, 'apt-get', 'exit 100');
    const { stderr, status } = setUp(machine);
    expect(status).toBe(3);
    expect(stderr).toMatch(/^Run as root: apt-get install --no-install-recommends .*\bxorriso\b/m);
  });
});

describe('set-up of libraries', () => {
  it('does not install again what the lock file names, and wants a Node that is new enough', () => {
    const machine = clone('libraries');
    mkdirSync(join(machine.folder, 'node_modules'));
    cpSync(join(root, 'package-lock.json'), join(machine.folder, 'node_modules', '.bootwright-package-lock.json'));
    fake(machine.bin, 'npm', 'exit 1');
    fake(machine.bin, 'node', 'case $1 in --version) echo v18.20.4 ;; *) exit 1 ;; esac');
    const { stderr, status } = setUp(machine, '--libraries');
    expect(status).toBe(3);
    expect(stderr).toContain('Node 24.15 or newer is needed; here is v18.20.4');
    expect(spawnSync('grep', ['npm', join(machine.folder, 'calls')]).status).toBe(1);
  });

  it('refuses arguments it does not know', () => {
    const { stderr, status } = setUp(clone('arguments'), '--everything');
    expect([status, stderr]).toEqual([3, 'Unknown argument --everything. Usage: sh bin/set-up [--libraries]\n']);
  });
});
