import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentProgress } from '../../src/model/progress.ts';
import { readKernel, readMediumFacts } from '../../src/prove/medium-files.ts';
import { proveMedium } from '../../src/prove/prove-medium.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bootwright-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function iso(name: string, files: Readonly<Record<string, string | Buffer>>): string {
  const tree = join(folder, `${name}.tree`);
  for (const [path, data] of Object.entries(files)) {
    mkdirSync(join(tree, path, '..'), { recursive: true });
    writeFileSync(join(tree, path), data);
  }
  const file = join(folder, `${name}.iso`);
  const { status, stderr } = spawnSync('xorriso', ['-as', 'mkisofs', '-quiet', '-r', '-o', file, tree]);
  if (status !== 0) throw new Error(String(stderr));
  return file;
}

const facts = { format: 'bootwright-medium/1', id: 'a'.repeat(32), passwordRequired: true, keyboard: 'us' };

describe('what a proof reads from a medium', () => {
  it('finds facts and kernel', async () => {
    const kernel = Buffer.alloc(3 << 20, 'kernel');
    const file = iso('ours', { 'bootwright/medium.json': JSON.stringify(facts), 'boot/vmlinuz': kernel });
    expect(await readMediumFacts(file)).toEqual(facts);
    expect(kernel.equals((await readKernel(file)) ?? Buffer.alloc(0))).toBe(true);
  });

  it('says what is wrong with other files', async () => {
    const foreign = iso('foreign', { 'readme.txt': 'hello' });
    await expect(readMediumFacts(foreign)).rejects.toMatchObject({ code: 'BW-PROVE-013' });
    expect(await readKernel(foreign)).toBeUndefined();
    await expect(readMediumFacts(join(folder, 'absent.iso'))).rejects.toMatchObject({ code: 'BW-HOST-007' });
    writeFileSync(join(folder, 'text.iso'), 'no image');
    await expect(readMediumFacts(join(folder, 'text.iso'))).rejects.toMatchObject({ code: 'BW-MEDIA-010' });
    expect(await readKernel(join(folder, 'text.iso'))).toBeUndefined();
  });

  it('starts no machine for a medium whose password is not known', async () => {
    const file = iso('locked', { 'bootwright/medium.json': JSON.stringify(facts) });
    const request = { iso: file, profile: 'cd-bios', disk: 'virtio', expect: 'agent' } as const;
    await expect(proveMedium(request, silentProgress)).rejects.toMatchObject({ code: 'BW-PROVE-005' });
  });
});
