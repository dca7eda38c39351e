import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { COMMANDS } from '../../commands/all.ts';
import type Explain from '../../commands/explain.ts';
import { words } from '../commands/command-line.ts';
import { withSite } from '../site/site-folder.ts';

const root = join(import.meta.dirname, '..', '..');
let printed = '';

const listeners = process.getMaxListeners();

beforeEach(() => {
  // Every command watches for Ctrl-C until its process ends; here all are one process.
  process.setMaxListeners(0);
  const keep = (text: unknown): boolean => {
    printed += String(text);
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(keep);
  vi.spyOn(process.stderr, 'write').mockImplementation(keep);
  vi.spyOn(console, 'log').mockImplementation((text: unknown) => void keep(`${text}\n`));
});
afterEach(() => {
  process.setMaxListeners(listeners);
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

/** Runs `topic verb …` on a site; answers what was printed, and the exit code when it is not 0. */
async function run(folder: string, line: string): Promise<string> {
  printed = '';
  process.exitCode = undefined;
  const [first = '', second = '', ...rest] = words(line);
  const topic = COMMANDS[first];
  // oclif keeps the base class abstract; what is registered never is.
  const command = (topic ?? COMMANDS[`${first}:${second}`]) as typeof Explain;
  const args = topic === undefined ? rest : [second, ...rest].filter((word) => word !== '');
  await command.run([...args, '--site', folder], root);
  return `${printed.replaceAll(folder, '…')}${process.exitCode === undefined ? '' : `exit ${process.exitCode}\n`}`;
}

const files = {
  'sequences/debian.yaml': `name: Debian 13
steps:
  - { step: format-and-partition-disk, partitions: [{ type: linux, size: 100% }] }
`,
  'boot-images/default/boot-image.json': '{"architecture":"x64"}',
  'secrets/pw.age': '',
};

describe('the commands about devices, collections and deployments', () => {
  it('lead from an empty site to a decision', async () => {
    await withSite(files, async (folder) => {
      const lines = [
        'device list',
        'device add lab-01 --mac 00:50:56:01:02:03 --variable OSDComputerName=lab-01',
        'collection add lab --member lab-01 --rule oui=00:50:57,model=VM*',
        'variable add Room 7=7 --collection lab',
        'variable add Password --secret pw --device lab-01',
        'deployment add L1 --sequence debian --collection lab --expires 2020-01-01T00:00:00Z',
        'device show LAB-01',
        'collection show lab',
        'explain --mac 00-50-56-01-02-03',
      ];
      let text = '';
      for (const line of lines) text += `$ ${line}\n${await run(folder, line)}`;
      expect(text).toMatchInlineSnapshot(`
        "$ device list
        The site has no devices. Next: bootwright device add NAME --mac MAC
        $ device add lab-01 --mac 00:50:56:01:02:03 --variable OSDComputerName=lab-01
        Written: devices/lab-01.yaml. Next: bootwright device show lab-01
        $ collection add lab --member lab-01 --rule oui=00:50:57,model=VM*
        Written: collections/lab.yaml. Next: bootwright collection show lab
        $ variable add Room 7=7 --collection lab
        Written: collections/lab.yaml.
        $ variable add Password --secret pw --device lab-01
        Written: devices/lab-01.yaml.
        $ deployment add L1 --sequence debian --collection lab --expires 2020-01-01T00:00:00Z
        Written: deployments/L1.yaml.
        Next: bootwright explain --mac MAC says what a machine would get, and why.
        $ device show LAB-01
        lab-01  (devices/lab-01.yaml)
          macs         00:50:56:01:02:03
          collections  All Systems, lab
          deployments  L1

        VARIABLE         VALUE
        OSDComputerName  lab-01
        Password         !secret pw
        Room             7=7
        $ collection show lab
        lab  (collections/lab.yaml)
          members      lab-01
          unknown      -
          deployments  L1
          rule         oui 00:50:57, model VM*
          variable     Room = 7=7
        $ explain --mac 00-50-56-01-02-03
        RULE            APPLIES  WHAT IT SAYS
        exclusion-list  -        None of its MAC addresses is on the exclusion list.
        lookup-guid     -        There is no SMBIOS GUID to look it up by.
        lookup-mac      yes      lab-01: MAC address 00:50:56:01:02:03.
        known           yes      It is the device lab-01: deployments to unknown computers are not for it.
        collections     yes      It is a member of All Systems, lab.
        deployment      yes      L1 (on lab) offers debian "Debian 13", available. Its dates are ignored outside a running system.
        required        -        No offer starts by itself: somebody has to choose.
        boot-image      yes      It starts with default (x64: exact architecture).

        Variable OSDComputerName = lab-01
        Variable Password = !secret pw
        Variable Room = 7=7
        It is offered L1 (debian). Boot image: default.
        "
      `);
    });
  });

  it('ask for the number of machines before a required deployment erases unknown ones', async () => {
    await withSite(files, async (folder) => {
      const add = 'deployment add U1 --sequence debian --collection "All Unknown Computers" --required';
      const written = () => readFile(join(folder, 'deployments', 'U1.yaml'), 'utf8').catch(() => undefined);
      expect(await run(folder, add)).toMatch(/^BW-DEPLOY-002 .*exit 4\n$/s);
      expect(await run(folder, `${add} --subnet 10.1.0.0/16 --machines 12`)).toMatch(/^BW-DEPLOY-009 .*exit 4\n$/s);
      expect(await run(folder, `${add} --subnet 10.1.0.0/16 --machines 12 --confirm-machines 11`)).toMatch(/exit 4\n$/);
      expect(await written()).toBeUndefined();
      expect(await run(folder, `${add} --subnet 10.1.0.0/16 --machines 12 --confirm-machines 12`)).toMatch(/^Written/);
      expect(await written()).toContain('machines: 12');
      expect(await run(folder, 'explain --mac 00:50:56:01:02:03 --address 10.1.2.3')).toMatch(/It runs U1 by itself/);
      const again = await run(folder, 'explain --mac 00:50:56:01:02:03 --address 10.1.2.3 --last-required U1');
      expect(again).toMatch(/U1 was served to it before/);
      expect(await run(folder, 'deployment remove U1')).toBe('Removed: deployments/U1.yaml.\n');
      expect(await run(folder, 'deployment list')).toMatch(/^There is none/);
    });
  });

  it('refuse what is no identifier, and names nobody has', async () => {
    await withSite({ ...files, 'devices/lab-01.yaml': '{}' }, async (folder) => {
      expect(await run(folder, 'explain')).toMatch(/^BW-DEPLOY-013 .*exit 2\n$/s);
      expect(await run(folder, 'explain --mac 00:50:56')).toMatch(/^BW-DEPLOY-013 "00:50:56" .*exit 2\n$/s);
      expect(await run(folder, 'device show lab-1')).toMatch(
        /^BW-DEPLOY-007 .*\nFix: Did you mean "lab-01"\?\nexit 2\n$/,
      );
      expect(await run(folder, 'collection show lab')).toMatch(/^BW-DEPLOY-007 .*exit 2\n$/s);
      expect(await run(folder, 'collection add x --rule sbnet=10.0.0.0/8')).toMatch(/Did you mean "subnet"/);
    });
  });

  it('answer with the whole decision as JSON', async () => {
    await withSite(files, async (folder) => {
      const decision = JSON.parse(await run(folder, 'explain --mac 00:50:56:01:02:03 --from media --json')) as object;
      expect(decision).toMatchObject({
        state: 'unknown',
        name: 'x64 Unknown Computer',
        release: 'refused',
        offers: [],
      });
    });
  });
});
