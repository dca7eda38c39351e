import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readPackage } from '../../src/content/package.ts';
import { problemLines } from '../problem-lines.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'package-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('lists files sorted by their bytes, with sizes', async () => {
  await mkdir(join(folder, 'sub/deep'), { recursive: true });
  for (const [name, text] of [
    ['b', '22'],
    ['B.txt', '1'],
    ['sub/deep/ü', '333'],
    ['sub.x', ''],
  ] as const)
    await writeFile(join(folder, name), text);
  expect(await readPackage(folder)).toEqual({
    files: [
      { path: 'B.txt', size: 1 },
      { path: 'b', size: 2 },
      { path: 'sub.x', size: 0 },
      { path: 'sub/deep/ü', size: 3 },
    ],
    bytes: 6,
    problems: [],
  });
});

it('refuses what a stick or a medium cannot hold', async () => {
  await writeFile(join(folder, 'name'), '');
  await writeFile(join(folder, 'NAME'), '');
  await writeFile(join(folder, 'a:b'), '');
  await mkdir(join(folder, 'dot.'));
  await symlink('name', join(folder, 'link'));
  const { problems } = await readPackage(folder);
  // Which of the twins is found second depends on the file system.
  expect(problemLines(problems).replace(/^(name|NAME) .*$/m, 'twin')).toMatchInlineSnapshot(`
    "a:b error BW-CONTENT-006 The name holds a character that FAT32 does not allow.
      Fix: Rename it: no \\ : * ? " < > | and no dot or space at the end.
    dot. error BW-CONTENT-006 The name holds a character that FAT32 does not allow.
      Fix: Rename it: no \\ : * ? " < > | and no dot or space at the end.
    link error BW-CONTENT-006 This is a symbolic link.
    twin
      Fix: Rename one of them: on a stick they would be one file.
    "
  `);
});
