import { describe, expect, it } from 'vitest';
import { checkMachine, menuEntry } from '../../../src/agent/client/stage.ts';
import type { MachineFacts } from '../../../src/model/machine.ts';
import type { OfferedBootImage } from '../../../src/model/protocol.ts';

const file = (megabytes: number) => ({ size: megabytes * 2 ** 20, sha256: '0'.repeat(64) });
const image: OfferedBootImage = {
  ...{ id: 'x', name: 'default', architecture: 'x64', kernelVersion: '6.12', secureBoot: true },
  files: { kernel: file(12), initramfs: file(8), root: file(220) },
};
const facts = { architecture: 'x64', secureBoot: true, memoryBytes: 1 << 30 } as MachineFacts;

describe('whether a machine can be started with a boot image from its disk', () => {
  it('can with a gigabyte of memory and Secure Boot', () => {
    expect(() => checkMachine(image, facts)).not.toThrow();
  });

  it.each([
    ['memory', image, { ...facts, memoryBytes: 900 * 2 ** 20 }, /of memory/],
    ['its processor', { ...image, architecture: 'arm64' as const }, facts, /for arm64/],
    ['Secure Boot', { ...image, secureBoot: false }, facts, /Secure Boot is on/],
  ])('cannot because of %s', (_, offered, machine, message) => {
    expect(() => checkMachine(offered, machine)).toThrow(message);
  });

  it('has an entry whose parts the kernel takes in this order: initramfs, settings, root', () => {
    const lines = menuEntry({ inside: '/_SMSTaskSequence/boot', uuid: '1234-ABCD' }, 'ab'.repeat(16)).split('\n');
    const initrd = lines
      .find((line) => line.trim().startsWith('initrd'))!
      .trim()
      .split(' ')
      .slice(1);
    expect(initrd.map((path) => path.split('/').at(-1))).toEqual([
      ...['initramfs.img', 'medium.cpio', 'root.head', 'root.squashfs', 'root.tail'],
    ]);
    expect(lines.find((line) => line.includes('search'))).toContain('--fs-uuid --set=root 1234-ABCD');
    expect(lines.find((line) => line.trim().startsWith('linux'))).toMatch(/bw\.staged=(ab){16} .*panic=\d+/);
  });
});
