import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignVolumes, largestOnVolume } from '../../../src/build/volumes/assign.ts';
import { volumeFile, volumeName } from '../../../src/build/volumes/layout.ts';
import { readVolumeSize } from '../../../src/build/volumes/size.ts';

const mebibyte = 1024 * 1024;
const object = (id: string, ...sizes: number[]) => ({
  id,
  files: sizes.map((size, index) => ({ path: `bootwright/content/${id}/${index}`, size: size * mebibyte })),
});
const boot = [{ path: 'boot/root', size: 20 * mebibyte }];

describe('the volumes of a medium', () => {
  it('take what is used first, and what is used later where a gap is left', () => {
    const content = [object('image', 40), object('tools', 10), object('late', 12), object('tiny', 5)];
    const { count, elsewhere } = assignVolumes(boot, content, 60 * mebibyte);
    const place = (id: string): number => elsewhere.get(`bootwright/content/${id}/0`) ?? 1;
    expect([count, place('image'), place('tools'), place('late'), place('tiny')]).toEqual([2, 2, 1, 1, 1]);
  });

  it('spread an object over several only when none can hold it, and never go back', () => {
    const { count, elsewhere } = assignVolumes(boot, [object('large', 30, 20, 30, 5)], 60 * mebibyte);
    expect(count).toBe(2);
    expect([...elsewhere.values()]).toEqual([2, 2, 2]);
  });

  it('are refused when a file, or what starts a machine, does not fit', () => {
    const wrong = expect.objectContaining({ code: 'BW-MEDIA-150' });
    expect(() => assignVolumes(boot, [object('huge', 61)], 60 * mebibyte)).toThrow(wrong);
    expect(() => assignVolumes(boot, [], 21 * mebibyte)).toThrow(expect.objectContaining({ code: 'BW-MEDIA-153' }));
  });

  it('hold every file once, and never more than they have room for', () => {
    const sizes = fc.array(fc.array(fc.integer({ min: 0, max: 50 * mebibyte }), { minLength: 1, maxLength: 5 }), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 53, max: 200 }), (objects, volume) => {
        const size = volume * mebibyte;
        const content = objects.map((files, id) => ({
          id: String(id),
          files: files.map((bytes, index) => ({ path: `${id}/${index}`, size: bytes })),
        }));
        const { count, elsewhere } = assignVolumes(boot, content, size);
        const used = Array.from({ length: count }, () => 0);
        used[0] = 20 * mebibyte;
        for (const { files } of content) {
          const on = new Set(files.map(({ path }) => elsewhere.get(path) ?? 1));
          const whole = files.reduce((sum, file) => sum + file.size + 4096, 0);
          if (on.size > 1) expect(whole).toBeGreaterThan(largestOnVolume(size) - 4096 * files.length);
          for (const file of files) used[(elsewhere.get(file.path) ?? 1) - 1]! += file.size;
        }
        for (const bytes of used) expect(bytes).toBeLessThanOrEqual(size - mebibyte);
        // Nobody burns an empty disc.
        expect(used.slice(1).length).toBe(new Set(elsewhere.values()).size);
      }),
      { numRuns: 200 },
    );
  });

  it('have sizes as people say them, and names that fit', () => {
    expect(['4.7G', '650M', '1GiB', 'cd', 'DVD'].map(readVolumeSize)).toEqual([
      ...[4_700_000_000, 650_000_000, 1_073_741_824, 681_984_000, 4_700_372_992],
    ]);
    for (const text of ['', '0', '12', '4.7', 'G', '-1G', '1T', 'floppy'])
      expect(() => readVolumeSize(text), text).toThrow(expect.objectContaining({ code: 'BW-MEDIA-153' }));
    expect(volumeFile('a.b/lab.iso', 2)).toBe('a.b/lab-2.iso');
    expect(volumeName('x'.repeat(32), 12)).toBe(`${'x'.repeat(29)}_12`);
  });
});
