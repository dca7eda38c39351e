import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { JailedFolder } from '../../src/host/jailed-folder.ts';

let lab: string;
beforeAll(() => {
  lab = mkdtempSync(join(tmpdir(), 'jail-'));
  for (const folder of ['srv/tftp/Boot/Fonts', 'srv/tftp-private', 'srv/more', 'srv/tftp/two', 'srv/tftp/TWO'])
    mkdirSync(join(lab, folder), { recursive: true });
  for (const file of [
    'srv/tftp/Boot/BCD',
    'srv/tftp/Boot/Fonts/wgl4_boot.ttf',
    'srv/tftp-private/key',
    'srv/more/x',
    'secret',
  ])
    writeFileSync(join(lab, file), file);
  symlinkSync('Boot/BCD', join(lab, 'srv/tftp/inside'));
  symlinkSync('../../secret', join(lab, 'srv/tftp/outside'));
  symlinkSync('../tftp-private', join(lab, 'srv/tftp/sibling'));
  symlinkSync('../more', join(lab, 'srv/tftp/more'));
});
afterAll(() => rmSync(lab, { recursive: true }));

function content(folder: JailedFolder, path: string): string {
  const file = folder.open(path);
  if (typeof file === 'string') return file;
  const bytes = new Uint8Array(file.size);
  file.read(0, bytes);
  file.close();
  return new TextDecoder().decode(bytes);
}

describe('a jailed folder', () => {
  it('TFTP-50 gives out regular files inside, also through links, and nothing outside', () => {
    const folder = new JailedFolder(join(lab, 'srv/tftp'));
    expect(content(folder, 'Boot/BCD')).toBe('srv/tftp/Boot/BCD');
    expect(content(folder, 'inside')).toBe('srv/tftp/Boot/BCD');
    for (const name of ['outside', 'sibling/key', 'sibling/KEY', 'more/x', 'Boot', '../tftp-private/key'])
      expect(['refused', 'missing'], name).toContain(content(folder, name));
    expect(content(folder, 'outside')).toBe('refused');
  });

  it('TFTP-50 a link may point into the other roots', () => {
    const folder = new JailedFolder(join(lab, 'srv/tftp'), [join(lab, 'srv/more')]);
    expect(content(folder, 'more/x')).toBe('srv/more/x');
    expect(content(folder, 'sibling/key')).toBe('refused');
  });

  it('TFTP-51 finds names in any case, where only one is meant', () => {
    const folder = new JailedFolder(join(lab, 'srv/tftp'));
    for (const name of ['boot/bcd', 'BOOT/BCD', 'Boot/bcd']) expect(content(folder, name)).toBe('srv/tftp/Boot/BCD');
    expect(content(folder, 'boot/fonts/WGL4_BOOT.TTF')).toBe('srv/tftp/Boot/Fonts/wgl4_boot.ttf');
    writeFileSync(join(lab, 'srv/tftp/TWO/file'), 'upper');
    expect(content(folder, 'TWO/FILE')).toBe('upper');
    expect(content(folder, 'Two/file')).toBe('missing');
    writeFileSync(join(lab, 'srv/tftp/Boot/New.efi'), 'new');
    expect(content(folder, 'boot/NEW.EFI')).toBe('new');
  });

  it('TFTP-44 knows a file that was written to from one that was replaced', () => {
    const folder = new JailedFolder(join(lab, 'srv/tftp'));
    const path = join(lab, 'srv/tftp/changing');
    writeFileSync(path, 'old');
    const file = folder.open('changing');
    if (typeof file === 'string') throw new Error(file);
    writeFileSync(`${path}.new`, 'new!');
    renameSync(`${path}.new`, path);
    expect(file.isUnchanged()).toBe(true);
    file.close();
    const again = folder.open('changing');
    if (typeof again === 'string') throw new Error(again);
    writeFileSync(path, 'more');
    expect([again.isUnchanged(), again.identity === file.identity]).toEqual([false, false]);
    again.close();
  });
});
