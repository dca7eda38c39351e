import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { hostTools, packageOf } from '../../src/host/tools.ts';

const root = join(import.meta.dirname, '..', '..');

/** Rooms that run on the engineer's machine. What `machine` and `agent` start is in the boot environment instead. */
const rooms = [
  'commands',
  'media',
  'src/host',
  'src/trust',
  'src/site',
  'src/content',
  'src/boot',
  'src/build',
  'src/prove',
  'src/staging',
];

/** Packages that Debian calls essential, and apt with dpkg: on every machine where set-up could install anything. */
const essential = new Set([
  ...['sh', 'cp', 'mv', 'rm', 'chmod', 'tar', 'dd', 'find', 'gzip', 'sync'],
  ...['setpriv', 'setsid', 'sha1sum', 'dpkg-query', 'apt-config'],
]);

/** Doors of `host` that only the agent uses: their programs are in the boot environment. */
const onTarget = ['console.ts', 'system-clock.ts', 'power.ts', 'fuse.ts', 'kexec.ts'];

it('names every program that we start on this machine', () => {
  const started = rooms.flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !(room === 'src/host' && onTarget.includes(name)))
      .flatMap((name) => {
        const text = readFileSync(join(root, room, name), 'utf8');
        return [...text.matchAll(/\b(?:run|spawn|start\w*)\(\s*'([\w.+-]+)',\s*\[/g)].map(
          ([, program]) => `${program} (${room}/${name})`,
        );
      }),
  );
  expect(started.length).toBeGreaterThan(3);
  const unknown = started.filter((entry) => {
    const program = entry.split(' ')[0]!;
    return !essential.has(program) && packageOf(program) === undefined;
  });
  expect(unknown).toEqual([]);
});

it('names each tool once, either a program or a file', () => {
  const names = hostTools.map(({ program, file }) => program ?? file);
  expect(new Set(names).size).toBe(names.length);
  for (const { program, file, neededFor } of hostTools) {
    expect([program, file].filter((name) => name !== undefined)).toHaveLength(1);
    expect(neededFor.length).toBeGreaterThan(5);
  }
});
