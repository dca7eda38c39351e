import { copyFileSync, cpSync, mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openMedium, openPolicy, verifyContent } from '../../src/agent/medium.ts';
import { verifyMedium } from '../../src/build/medium/verify.ts';
import { silentProgress } from '../../src/model/progress.ts';
import { startsKernel } from '../../src/prove/acceleration.ts';
import { readKernel } from '../../src/prove/medium-files.ts';
import { readPublicKeys } from '../../src/trust/keys.ts';
import { flipBit, hundredFlips } from './flips.ts';
import { openLab, say } from './lab.ts';
import { extractIso } from './sticks.ts';
import { earlyFiles, type TamperingName, tamperedTree, tamperings } from './tamper.ts';

/** What the agent's own code says about changed media, without starting each: it sees the same folders. */
async function judge(tree: string, password: string): Promise<string> {
  const etc = mkdtempSync(join(tmpdir(), 'bootwright-test-'));
  try {
    earlyFiles(tree, etc);
    const medium = await openMedium({ medium: tree, etc });
    await verifyContent(medium, () => {});
    await openPolicy(medium, password);
    return 'accepted';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  } finally {
    rmSync(etc, { recursive: true, force: true });
  }
}

describe('changed media', () => {
  let original = '';
  let password = '';
  beforeAll(async () => {
    const lab = await openLab();
    const medium = await lab.medium('small');
    password = medium.password;
    original = extractIso(medium.iso, join(lab.folder, 'small.tree'));
  });

  it('are told from the medium as it was made', async () => {
    expect(await judge(original, password)).toBe('accepted');
    expect(await judge(original, `${password} `)).toBe('BW-TRUST-002');
  });

  it.each(Object.keys(tamperings) as TamperingName[])('%s', async (name) => {
    const tree = await tamperedTree(await openLab(), name, 'judged-on-the-host');
    expect(tamperings[name].codes).toContain(await judge(tree, password));
  });

  it('are refused when a file is missing or cut short', async () => {
    const lab = await openLab();
    const tree = await tamperedTree(lab, 'an unlisted file', 'judged-on-the-host');
    rmSync(join(tree, 'bootwright/extra.sh'));
    expect(await judge(tree, password)).toBe('accepted');
    truncateSync(join(tree, 'boot/vmlinuz'), 1000);
    expect(await judge(tree, password)).toBe('BW-TRUST-013');
    rmSync(join(tree, 'boot/vmlinuz'));
    expect(await judge(tree, password)).toBe('BW-TRUST-012');
  });

  it('are found by any of a hundred bits, but those between the files, which a desk finds', async () => {
    const lab = await openLab();
    const { iso, site } = await lab.medium('small');
    const [tree, copy] = [join(lab.folder, 'judged-on-the-host.tree'), join(lab.folder, 'judged-on-the-host.iso')];
    rmSync(tree, { recursive: true, force: true });
    cpSync(original, tree, { recursive: true });
    copyFileSync(iso, copy);
    const keys = await readPublicKeys(site);
    const found = new Map<string, number>();
    for (const { offset, bit, file } of await hundredFlips(iso)) {
      const [path, at] = file === undefined ? [copy, offset] : [join(tree, file.path), file.at];
      flipBit(path, at, bit);
      const code =
        file === undefined
          ? (await verifyMedium(copy, keys, silentProgress)).findings.map((finding) => finding.code).join()
          : await judge(tree, password);
      flipBit(path, at, bit);
      const expected = file === undefined ? /^BW-MEDIA-012$/ : /^BW-TRUST-0(0[678]|1[0-4])$/;
      expect(code, `${file?.path ?? 'between files'}, byte ${at}, bit ${bit}`).toMatch(expected);
      const where = file?.path ?? 'between the files';
      found.set(where, (found.get(where) ?? 0) + 1);
    }
    say(`changed bits: ${[...found].map(([path, count]) => `${count} in ${path}`).join(', ')}`);
    expect([await judge(tree, password), (await verifyMedium(copy, keys, silentProgress)).findings]).toEqual([
      'accepted',
      [],
    ]);
  });

  afterAll(async () => {
    for (const name of ['judged-on-the-host.tree', 'judged-on-the-host.iso'])
      rmSync(join((await openLab()).folder, name), { recursive: true, force: true });
  });
});

describe('the trial of the accelerator', () => {
  it('is passed by software emulation with the kernel of a medium', async () => {
    const { iso } = await (await openLab()).medium('small');
    const kernel = await readKernel(iso);
    expect(kernel === undefined ? false : await startsKernel('tcg', kernel, 90)).toBe(true);
  });
});
