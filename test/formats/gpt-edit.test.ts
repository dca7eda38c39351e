import { describe, expect, it } from 'vitest';
import { readGpt } from '../../src/formats/gpt.ts';
import { editTable, entriesOf, lastUsableSector } from '../../src/formats/gpt-edit.ts';
import { writeGpt } from '../../src/formats/gpt-writer.ts';

const size = 64 * 2 ** 20;
const partition = (name: string, start: number) => ({
  ...{ name, typeUuid: '0fc63daf-8483-4772-8e79-3d69d8477de4', startBytes: start * 2 ** 20, sizeBytes: 8 * 2 ** 20 },
  uuid: `00000000-0000-4000-8000-00000000000${start}`,
});

function disk(): Buffer {
  const bytes = Buffer.alloc(size);
  const { start, end } = writeGpt({
    ...{ diskUuid: '11111111-1111-4111-8111-111111111111', size, bootCode: Buffer.from('boot code') },
    partitions: [partition('a', 1), partition('b', 9)],
  });
  start.copy(bytes);
  end.copy(bytes, size - end.length);
  return bytes;
}

describe('a table that is changed in place', () => {
  it('loses one entry and lengthens another; both copies agree, and boot code stays', async () => {
    const bytes = disk();
    const before = Buffer.from(bytes);
    for (const sector of [size / 512 - 1, 1]) {
      const header = bytes.subarray(sector * 512, sector * 512 + 512);
      const place = entriesOf(header);
      const entries = bytes.subarray(place.sector * 512, place.sector * 512 + place.bytes);
      const last = lastUsableSector(header);
      const changed = editTable({ header, entries }, [
        { number: 1, remove: true },
        { number: 2, lastSector: last },
      ]);
      bytes.set(changed.entries, place.sector * 512);
      bytes.set(changed.header, sector * 512);
    }
    const read = async (sector: number, count: number): Promise<Uint8Array> =>
      bytes.subarray(sector * 512, (sector + count) * 512);
    const table = await readGpt({ sectorSize: 512, sectors: size / 512, read });
    expect(table?.partitions.map(({ number, name }) => [number, name])).toEqual([[2, 'b']]);
    expect(table?.partitions[0]?.sizeBytes).toBeGreaterThan(50 * 2 ** 20);
    expect(bytes.subarray(0, 512).equals(before.subarray(0, 512))).toBe(true);
  });
});
