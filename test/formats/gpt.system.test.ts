import { execFileSync } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, readSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { partitionTypeOf, readGpt, type TableBytes } from '../../src/formats/gpt.ts';

let folder: string;
let disk: Buffer;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gpt-'));
  const file = join(folder, 'disk.img');
  writeFileSync(file, '');
  truncateSync(file, 20 * 2 ** 20);
  execFileSync(
    'sgdisk',
    [
      '-n',
      '1:2048:+1M',
      '-t',
      '1:ef02',
      '-c',
      '1:Grüb',
      '-n',
      '5:0:+4M',
      '-t',
      '5:8300',
      '-n',
      '2:0:0',
      '-t',
      '2:fd00',
      file,
    ],
    { stdio: 'ignore' },
  );
  disk = readFileSync(file);
});
afterAll(() => rmSync(folder, { recursive: true }));

function table(bytes: Buffer): TableBytes {
  return {
    sectorSize: 512,
    sectors: bytes.length / 512,
    read: async (sector, count) => bytes.subarray(sector * 512, (sector + count) * 512),
  };
}

it("reads sgdisk's table, gaps, foreign types and names included", async () => {
  const read = await readGpt(table(disk));
  expect(
    read?.partitions.map(({ number, name, typeUuid, startBytes, sizeBytes }) => [
      number,
      name,
      partitionTypeOf(typeUuid),
      startBytes,
      sizeBytes,
    ]),
  ).toEqual([
    [1, 'Grüb', 'bios-boot', 2 ** 20, 2 ** 20],
    [2, '', 'a19d880f-05fc-4d3b-a006-743f0f84911e', 6 * 2 ** 20, 14 * 2 ** 20 - 2048 * 512 + 2 ** 20 - 34 * 512 + 512],
    [5, '', 'linux', 2 * 2 ** 20, 4 * 2 ** 20],
  ]);
});

it('an empty disk has none', async () => {
  expect(await readGpt(table(Buffer.alloc(2 ** 20)))).toBeUndefined();
});

describe('damage', () => {
  const last = 20 * 2 ** 20 - 512;
  it.each([
    ['primary header', 512 + 40, /primary GPT header/],
    ['primary entries', 1024 + 60, /primary GPT entries/],
    ['backup header', last + 40, /backup GPT header/],
    ['backup entries', last - 32 * 512 + 60, /backup GPT entries/],
    ['backup signature', last, /backup GPT at the end of the disk is missing/],
  ])('in the %s is named', async (_, offset, message) => {
    const bytes = Buffer.from(disk);
    bytes[offset] = (bytes[offset] ?? 0) ^ 1;
    await expect(readGpt(table(bytes))).rejects.toThrow(message);
  });

  it('a backup of another table is named', async () => {
    const other = join(folder, 'other.img');
    writeFileSync(other, '');
    truncateSync(other, 20 * 2 ** 20);
    execFileSync('sgdisk', ['-n', '1:2048:+2M', other], { stdio: 'ignore' });
    const tail = Buffer.alloc(33 * 512);
    readSync(openSync(other, 'r'), tail, 0, tail.length, 20 * 2 ** 20 - tail.length);
    const bytes = Buffer.from(disk);
    tail.copy(bytes, bytes.length - tail.length);
    await expect(readGpt(table(bytes))).rejects.toThrow(/two copies of the GPT differ/);
  });
});
