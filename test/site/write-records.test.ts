import { execFileSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { removeVariable, setVariable } from '../../src/site/edit-variables.ts';
import { importDevices } from '../../src/site/import-devices.ts';
import { loadSite } from '../../src/site/load.ts';
import { prepareRecord, removeRecord, writeRecords } from '../../src/site/write-records.ts';
import { withSite } from './site-folder.ts';

const read = (folder: string, file: string): Promise<string> => readFile(join(folder, file), 'utf8');
const devicesIn = (folder: string): Promise<string[]> => readdir(join(folder, 'devices')).catch(() => []);

const commented = `# yaml-language-server: $schema=../.bootwright/schemas/device.json
# The one beside the door.
macs:
  - aa-bb-cc-00-00-01 # on the board
variables:
  # asked for by the helpdesk
  OSDComputerName: lab-01 # never change
  Password: !secret pw
`;

describe('files of devices and collections', () => {
  it('are made as a person would write them, and read back as what was asked for', async () => {
    await withSite({}, async (folder) => {
      const site = await loadSite(folder);
      const facts = { macs: ['aa-bb-cc-00-00-01'], guid: undefined, description: '', variables: { N: 'yes' } };
      await writeRecords(site, [await prepareRecord(site, 'devices', 'lab-01', facts)]);
      expect(await read(folder, 'devices/lab-01.yaml')).toBe(
        '# yaml-language-server: $schema=../.bootwright/schemas/device.json\nmacs:\n  - aa-bb-cc-00-00-01\nvariables:\n  N: yes\n',
      );
      const after = await loadSite(folder);
      expect(after.problems).toEqual([]);
      expect(after.devices.get('lab-01')).toMatchObject({
        macs: ['AA:BB:CC:00:00:01'],
        variables: [{ name: 'N', value: 'yes' }],
      });
    });
  });

  it.each([
    ['a name that is no file name', 'a/b', {}, 'BW-SITE-010'],
    ['one that exists', 'LAB-01', {}, 'BW-DEPLOY-006'],
    ['a wrong value', 'x', { macs: ['nonsense'] }, 'BW-SEQUENCE-003'],
    ['an identifier that is taken', 'x', { macs: ['AA:BB:CC:00:00:01'] }, 'BW-DEPLOY-005'],
    ['a variable of the engine', 'x', { variables: { _SMSTS: '1' } }, 'BW-SITE-008'],
    ['a password in clear text', 'x', { variables: { AdminPassword: 'hunter2' } }, 'BW-SEQUENCE-010'],
  ])('nothing is written for %s', async (_, name, facts, code) => {
    await withSite({ 'devices/lab-01.yaml': commented, 'secrets/pw.age': '' }, async (folder) => {
      const site = await loadSite(folder);
      const written = prepareRecord(site, 'devices', name, facts).then((prepared) => writeRecords(site, [prepared]));
      await expect(written).rejects.toMatchObject({ code });
      expect(await devicesIn(folder)).toEqual(['lab-01.yaml']);
    });
  });

  it('keep comments, spelling and secrets when a variable is added, changed and removed', async () => {
    await withSite({ 'devices/lab-01.yaml': commented, 'secrets/pw.age': '' }, async (folder) => {
      const owner = { folder: 'devices', name: 'LAB-01' } as const;
      const change = async (
        ...[variable, replace = false]: [{ name: string; value: string | { $secret: string } }, boolean?]
      ) => setVariable(await loadSite(folder), owner, variable, replace);
      await change({ name: 'Room', value: '007' });
      await change({ name: 'Second', value: { $secret: 'pw' } });
      const [before, after] = [commented.split('\n'), (await read(folder, 'devices/lab-01.yaml')).split('\n')];
      expect(after.filter((line) => !before.includes(line))).toEqual(['  Room: "007"', '  Second: !secret pw']);
      expect(before.filter((line) => !after.includes(line))).toEqual([]);

      await expect(change({ name: 'osdcomputername', value: 'x' })).rejects.toMatchObject({ code: 'BW-DEPLOY-006' });
      await change({ name: 'osdcomputername', value: 'lab-02' }, true);
      expect(await read(folder, 'devices/lab-01.yaml')).toContain('  OSDComputerName: lab-02');
      expect(await read(folder, 'devices/lab-01.yaml')).toContain('# asked for by the helpdesk');
      for (const name of ['ROOM', 'Second']) await removeVariable(await loadSite(folder), owner, name);
      const { devices, problems } = await loadSite(folder);
      expect(problems).toEqual([]);
      expect(devices.get('lab-01')?.variables.map(({ name }) => name)).toEqual(['OSDComputerName', 'Password']);
      await expect(removeVariable(await loadSite(folder), owner, 'Room')).rejects.toMatchObject({
        code: 'BW-DEPLOY-007',
      });
    });
  });

  it('say who still names them when they are removed', async () => {
    const files = { 'devices/lab-01.yaml': '{}', 'collections/lab.yaml': 'members: [lab-01]\n' };
    await withSite(files, async (folder) => {
      const { file, problems } = await removeRecord(await loadSite(folder), 'devices', 'Lab-01');
      expect(file).toBe('devices/lab-01.yaml');
      expect(problems).toMatchObject([{ code: 'BW-DEPLOY-003', file: 'collections/lab.yaml' }]);
      expect(await devicesIn(folder)).toEqual([]);
      await expect(removeRecord(await loadSite(folder), 'devices', 'lab-01')).rejects.toMatchObject({
        code: 'BW-DEPLOY-007',
      });
    });
  });
});

describe('import computer (deploy.md section 5)', () => {
  const table = async (folder: string, text: string, merge = false) => {
    await writeFile(join(folder, 'list.csv'), text);
    return importDevices(await loadSite(folder), join(folder, 'list.csv'), merge);
  };

  it('reads a file with header row: name, MAC, SMBIOS GUID, variables', async () => {
    await withSite({}, async (folder) => {
      const text = `Name,MAC,GUID,OSDComputerName,Room
lab-01,aa-bb-cc-00-00-01 aa-bb-cc-00-00-02,,"lab, 01",007
lab-02,,4c4c4544-0042-4d10-8053-b7c04f4e4d32,,
`;
      expect(await table(folder, text)).toEqual({ added: ['lab-01', 'lab-02'], merged: [] });
      const { devices, problems } = await loadSite(folder);
      expect(problems).toEqual([]);
      expect(devices.get('lab-01')).toMatchObject({
        macs: ['AA:BB:CC:00:00:01', 'AA:BB:CC:00:00:02'],
        variables: [
          { name: 'OSDComputerName', value: 'lab, 01' },
          { name: 'Room', value: '007' },
        ],
      });
      expect(devices.get('lab-02')).toMatchObject({ guid: '4C4C4544-0042-4D10-8053-B7C04F4E4D32', variables: [] });
    });
  });

  it.each([
    ['no name column', 'mac\nAA:BB:CC:00:00:01\n', 1],
    ['a wrong MAC address', 'name,mac\na,AA:BB:CC:00:00:01\nb,nonsense\n', 3],
    ['a name twice', 'name\na\n\nA\n', 4],
    ['a device that exists', 'name\na\nlab-01\n', 3],
    ['a password', 'name,AdminPassword\na,hunter2\n', 2],
    ['more cells than columns', 'name\na,b\n', 2],
  ])('writes nothing at all and names the line for %s', async (_, text, line) => {
    await withSite({ 'devices/lab-01.yaml': '{}' }, async (folder) => {
      await expect(table(folder, text)).rejects.toMatchObject({ code: 'BW-DEPLOY-012', place: { line } });
      expect(await devicesIn(folder)).toEqual(['lab-01.yaml']);
    });
  });

  it('writes nothing when two lines share a MAC address', async () => {
    await withSite({}, async (folder) => {
      const text = 'name,mac\na,AA:BB:CC:00:00:01\nb,aa-bb-cc-00-00-01\n';
      await expect(table(folder, text)).rejects.toMatchObject({ code: 'BW-DEPLOY-005' });
      expect(await devicesIn(folder)).toEqual([]);
    });
  });

  it('merges into existing devices when asked to, and keeps what they had', async () => {
    await withSite({ 'devices/lab-01.yaml': commented, 'secrets/pw.age': '' }, async (folder) => {
      const list = 'name,mac,Room\nlab-01,AA:BB:CC:00:00:02 aabbcc000001,007\nlab-02,AA:BB:CC:00:00:03,\n';
      expect(await table(folder, list, true)).toEqual({ added: ['lab-02'], merged: ['lab-01'] });
      const { devices } = await loadSite(folder);
      expect(devices.get('lab-01')).toMatchObject({
        macs: ['AA:BB:CC:00:00:01', 'AA:BB:CC:00:00:02'],
        variables: [
          { name: 'OSDComputerName' },
          { name: 'Password', value: { $secret: 'pw' } },
          { name: 'Room', value: '007' },
        ],
      });
      const text = await read(folder, 'devices/lab-01.yaml');
      for (const comment of commented.match(/#.*/g)!) expect(text).toContain(comment);
    });
  });

  it('takes many lines at once', async () => {
    await withSite({}, async (folder) => {
      const hex = (index: number): string =>
        index
          .toString(16)
          .padStart(4, '0')
          .replace(/(..)(..)/, '$1:$2');
      const lines = Array.from({ length: 150 }, (_, index) => `d${index},AA:BB:CC:00:${hex(index)}`);
      expect((await table(folder, `name,mac\n${lines.join('\n')}\n`)).added).toHaveLength(150);
      expect(execFileSync('sh', ['-c', 'ls devices | wc -l'], { cwd: folder, encoding: 'utf8' }).trim()).toBe('150');
    });
  });
});
