import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readCsv } from '../../src/formats/csv.ts';
import { readAssets } from '../../src/staging/assets.ts';
import { readBays } from '../../src/staging/bays.ts';
import { Custody, type CustodyRecord, fileName, readRecords, signatureState } from '../../src/staging/custody.ts';
import { privateKeyObject, rawPublicKeyOf } from '../../src/trust/private-key.ts';
import { publicKey } from '../../src/trust/public-key.ts';

const folder = mkdtempSync(join(tmpdir(), 'custody-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const secret = { purpose: 'signing', seed: Buffer.alloc(32, 7) } as const;
const key = publicKey('signing', rawPublicKeyOf(secret), '2026-01-01T00:00:00Z');

const record: CustodyRecord = {
  format: 'bootwright-custody/1',
  id: '2026-12-01-0001',
  medium: { name: 'BW-04HM-ASW9', kind: 'prestaged', file: 'factory.wim', size: 1, sha256: 'ab', id: 'cd' },
  disk: { serial: '=cmd|"x"', vendor: '', model: 'Disk; 1,0', size: 1000, bay: 'A1', path: '/dev/sdb', port: 'ata1' },
  ...{ asset: 'PC-1', health: { verdict: 'passed' }, before: 'nothing', permission: 'it was empty' },
  ...{ startedAt: '2026-12-01T10:00:00.000Z', endedAt: '2026-12-01T10:05:00.000Z', result: 'laid' },
};

it('keeps signed records, and a table of them that is no danger to a spreadsheet', async () => {
  const custody = await Custody.open(folder, { privateKey: privateKeyObject(secret), publicKey: key });
  await custody.begin({ serial: record.disk.serial, size: 1000, asset: 'PC-1', before: 'nothing', startedAt: '' });
  expect(await custody.begun(record.disk.serial, 1000)).toMatchObject({ asset: 'PC-1' });
  expect(await custody.begun(record.disk.serial, 2000)).toBeUndefined();
  await custody.add(record);
  expect(await custody.begun(record.disk.serial, 1000)).toBeUndefined();
  const [signed] = await readRecords(folder);
  expect(signatureState(signed!, [key])).toBe('signed');
  expect(signatureState(signed!, [])).toBe('wrong');
  expect(signatureState({ ...signed!, record: { ...record, asset: 'PC-2' } }, [key])).toBe('wrong');
  expect(signatureState({ record }, [key])).toBe('unsigned');
  const [header, row] = readCsv(readFileSync(join(folder, 'custody.csv'), 'utf8'));
  const cells = Object.fromEntries(header!.cells.map((name, index) => [name, row!.cells[index]]));
  expect(cells).toMatchObject({ serial: `'=cmd|"x"`, model: 'Disk; 1,0', asset: 'PC-1', result: 'laid' });
  writeFileSync(join(folder, 'records', 'b.json'), '{"record":');
  await expect(readRecords(folder)).rejects.toMatchObject({ code: 'BW-STAGING-013' });
});

it('makes file names of whatever a disk calls its serial', () => {
  expect(fileName('S4EVNX0M-1.2')).toBe('S4EVNX0M-1.2');
  expect(fileName('../../etc/passwd')).toMatch(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/);
  expect(fileName('a/b')).not.toBe(fileName('a b'));
});

it('reads files of assets and bays, and says what is wrong with them', async () => {
  const file = join(folder, 'file');
  const write = (text: string): string => {
    writeFileSync(file, text);
    return file;
  };
  expect(await readAssets(write('Tag;Room;Serial\nPC-1;7;S1\n;;\nPC-2;8;S2\n'))).toEqual(
    new Map([
      ['S1', 'PC-1'],
      ['S2', 'PC-2'],
    ]),
  );
  await expect(readAssets(write('S1,PC-1\n'))).rejects.toMatchObject({ code: 'BW-STAGING-006' });
  await expect(readAssets(write('serial,asset\nS1,A\nS2,A\n'))).rejects.toMatchObject({
    code: 'BW-STAGING-007',
    place: { line: 3 },
  });
  await expect(readAssets(write('serial,asset\nS1,A\nS1,B\n'))).rejects.toMatchObject({ code: 'BW-STAGING-007' });
  const bays = await readBays(
    write('bays:\n  A1: /dev/disk/by-path/x\n  A2: { port: "pci0000:00/0000:00:14.0/usb1/1-4" }\n'),
  );
  expect(bays.map(({ name }) => name)).toEqual(['A1', 'A2']);
  const disk = { path: '/dev/sdc', port: 'pci0000:00/0000:00:14.0/usb1/1-4' } as never;
  expect(await bays[1]!.find([disk])).toBe(disk);
  for (const text of [
    'bays: {}\n',
    'bays:\n  A1: sda\n',
    'bays:\n  "A 1": /dev/sda\n',
    'x: 1\n',
    'bays:\n  a: /dev/sda\n  A: /dev/sdb\n',
  ])
    await expect(readBays(write(text))).rejects.toMatchObject({ code: 'BW-STAGING-001' });
});
