import { createHash } from 'node:crypto';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fatLabel } from '../../media/boot-layout.ts';
import { standalone } from '../../media/standalone/kind.ts';
import type { BootImage } from '../../src/model/boot-image.ts';
import { type Layout, type LayoutFile, layoutFileSize } from '../../src/model/layout.ts';
import type { MediumParts } from '../../src/model/media-kind.ts';

const file = (name: string, size: number) => ({ name, size, sha256: '5'.repeat(64) });

function parts(changes: Partial<MediumParts> = {}): MediumParts {
  return {
    id: '0'.repeat(32),
    facts: {
      label: 'Lab media 2026',
      title: 'Debian 13',
      passwordRequired: true,
      unattended: false,
      keyboard: 'de',
      bootImage: { id: 'b'.repeat(64), kernelVersion: '6.12' },
      protection: 'sealed',
      createdBy: 'bootwright 1',
    },
    bootImage: {
      id: 'b'.repeat(64),
      name: 'default',
      files: {
        kernel: file('vmlinuz', 12_000_000),
        initramfs: file('initramfs.img', 5_000_000),
        root: file('root.squashfs', 200_000_000),
        'bios-cd': file('bios.img', 240_000),
        'bios-mbr': file('boot_hybrid.img', 512),
      },
    } as unknown as BootImage,
    bootImageFolder: '/boot-image',
    loaders: { shim: Buffer.from('shim'), grub: Buffer.from('grub'), mokManager: Buffer.from('mok') },
    menus: { main: 'menu @MARKER@ "@TITLE@" @PARAMETERS@ @OTHER@\n', loopback: 'loopback\n', finder: 'finder\n' },
    captureScript: '#!/bin/sh\n',
    content: [{ path: 'bootwright/content/debian/debian.wim', source: '/images/debian.wim', size: 5_000_000_000 }],
    keys: [{ name: 'site.pub', text: 'key\n' }],
    policy: Buffer.alloc(100),
    ...changes,
  };
}

const bytesOf = (layout: Layout, path: string): string => {
  const found = layout.files.find((each) => each.path === path);
  if (found === undefined || !('bytes' in found)) throw new Error(`${path} is not there`);
  return Buffer.from(found.bytes).toString('latin1');
};

const summary = (each: LayoutFile): string => {
  const from = 'bytes' in each ? createHash('sha256').update(each.bytes).digest('hex').slice(0, 16) : each.source;
  return `${each.path}  ${layoutFileSize(each)}  ${from}`;
};

describe('the layout of a stand-alone medium', () => {
  it('is the one in the golden file', async () => {
    const { files, ...rest } = standalone.layout(parts());
    const text = `${JSON.stringify(rest, null, 2)}\n${files.map(summary).join('\n')}\n`;
    await expect(text).toMatchFileSnapshot(join(import.meta.dirname, '..', 'goldens', 'standalone-layout.txt'));
  });

  it('has the same lengths, times and seed whatever the id and the policy turn out to be', () => {
    const id = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 32, maxLength: 32 });
    const frame = (layout: Layout): unknown => ({
      ...layout,
      files: layout.files.map((each) => [each.path, layoutFileSize(each)]),
    });
    const draft = frame(standalone.layout(parts()));
    fc.assert(
      fc.property(id, fc.uint8Array({ minLength: 100, maxLength: 100 }), (known, policy) => {
        expect(frame(standalone.layout(parts({ id: known, policy })))).toEqual(draft);
      }),
      { numRuns: 20 },
    );
  });

  it('sorts paths by their bytes and has each once', () => {
    const paths = standalone.layout(parts()).files.map(({ path }) => path);
    expect(paths).toEqual([...new Set(paths)].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
  });

  it('gives another seed, time and FAT serial to other content, and keeps SOURCE_DATE_EPOCH', () => {
    const one = standalone.layout(parts());
    const other = standalone.layout(parts({ content: [{ path: 'bootwright/content/x/x', source: '/x', size: 1 }] }));
    expect(other.seed).not.toBe(one.seed);
    expect(other.epoch).not.toBe(one.epoch);
    expect(one.epoch).toBeGreaterThan(Date.UTC(2020, 0, 1) / 1000);
    expect(one.epoch).toBeLessThan(Date.UTC(2024, 6, 1) / 1000);
    expect(standalone.layout(parts({ epoch: 1_700_000_000 })).epoch).toBe(1_700_000_000);
  });

  it('does not depend on where the content lies on the host', () => {
    const elsewhere = parts({
      bootImageFolder: '/elsewhere',
      content: [{ path: 'bootwright/content/debian/debian.wim', source: '/other/d.wim', size: 5_000_000_000 }],
    });
    const names = ({ files }: Layout): unknown =>
      files.map((each) => ('bytes' in each ? summary(each) : [each.path, each.size]));
    expect(names(standalone.layout(elsewhere))).toEqual(names(standalone.layout(parts())));
    expect(standalone.layout(elsewhere).seed).toBe(standalone.layout(parts()).seed);
  });

  it('fills in the menu and leaves unknown words alone', () => {
    const id = 'a1b2c3d4e5f60718'.repeat(2);
    const menu = bytesOf(standalone.layout(parts({ id })), 'boot/grub/grub.cfg');
    expect(menu).toBe(
      `menu a1b2c3d4e5f60718 "Debian 13" bw.medium=${id} console=tty0 console=ttyS0,115200n8 quiet loglevel=3 @OTHER@\n`,
    );
  });

  it('lets no title leave the quotes of the menu', () => {
    const title = 'a"; reboot; "$x`y\\\n';
    const menu = bytesOf(standalone.layout(parts({ facts: { ...parts().facts, title } })), 'boot/grub/grub.cfg');
    expect(menu).toContain('"a ; reboot;   x y  "');
  });

  it('names the sealed part by what it is', () => {
    const plain = parts({ facts: { ...parts().facts, passwordRequired: false } });
    const policies = (layout: Layout): string[] =>
      layout.files.map(({ path }) => path).filter((path) => path.includes('policy'));
    expect(policies(standalone.layout(parts()))).toEqual(['bootwright/policy.sealed']);
    expect(policies(standalone.layout(plain))).toEqual(['bootwright/policy.json']);
  });
});

describe('the FAT label', () => {
  it.each([
    ['Lab media 2026', 'LAB MEDIA 2'],
    ['v1.0+beta', 'V1_0_BETA'],
    ['0123456789 X', '0123456789'],
  ])('%s → %s', (label, expected) => expect(fatLabel(label)).toBe(expected));
});
