import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeMedium } from '../../src/build/create.ts';
import { prepareMedium } from '../../src/build/order/prepare.ts';
import type { StandaloneRequest } from '../../src/build/order/request.ts';
import { silentProgress } from '../../src/model/progress.ts';
import { type MediumSite, mediumSite, request } from './medium-site.ts';

/** A disk that looks large enough when the work begins, and is filled by somebody else meanwhile. */
let site: MediumSite;
const isRoot = process.getuid?.() === 0;
const run = (program: string, ...args: string[]): string => execFileSync(program, args, { encoding: 'utf8' });

beforeAll(async () => {
  site = await mediumSite();
  await site.write('packages/tools/large.bin', randomBytes(50 * 1024 * 1024));
  await site.write('packages/tools/other.bin', randomBytes(20 * 1024 * 1024));
});
afterAll(() => site.remove());

const writers: readonly (readonly [string, string, Partial<StandaloneRequest>])[] = [
  ['an ISO', 'full.iso', {}],
  ['a USB image', 'full.img', {}],
  ['a USB image with one partition', 'single.img', { target: 'usb-single' }],
  ['several discs', 'discs.iso', { volumeSize: 60e6 }],
];

describe('a disk that becomes full', () => {
  it.each(writers)('ends the writing of %s with a clear error, and nothing is left or lost', async (_, name, how) => {
    if (!isRoot) return;
    const folder = join(site.root, `disk-${name}`);
    mkdirSync(folder);
    run('mount', '-t', 'tmpfs', '-o', 'size=120m', 'tmpfs', folder);
    try {
      const output = join(folder, name);
      const old = how.volumeSize === undefined ? output : join(folder, 'discs-1.iso');
      writeFileSync(old, 'the older medium');
      const prepared = await prepareMedium(request(site, { ...how, output, force: true }), silentProgress);
      writeFileSync(join(folder, 'somebody-else'), Buffer.alloc(85 * 1024 * 1024, 1));
      await expect(writeMedium(prepared, { progress: silentProgress })).rejects.toMatchObject({ code: 'BW-HOST-004' });
      expect(readFileSync(old, 'utf8')).toBe('the older medium');
      expect(readdirSync(folder).filter((left) => /part|full|single|discs/.test(left))).toEqual([
        how.volumeSize === undefined ? name : 'discs-1.iso',
      ]);
    } finally {
      run('umount', folder);
    }
  });
});
