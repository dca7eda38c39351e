import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openState, stateFile } from '../../src/server/state/state.ts';
import { words } from '../commands/command-line.ts';
import { typed } from '../commands/typed.ts';
import { withSite } from '../site/site-folder.ts';

/** Types a command line on a site; answers what was printed, and the exit code when it is not 0. */
async function run(folder: string, line: string): Promise<string> {
  const { text, code } = await typed([...words(line), '--site', folder]);
  return `${text.replaceAll(folder, '…')}${code === 0 ? '' : `exit ${code}\n`}`;
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

  it('arm devices to be reinstalled, say how many, and show them until that is over', async () => {
    const devices = Object.fromEntries(
      [1, 2].map((n) => [`devices/lab-0${n}.yaml`, `macs: ['00:50:56:00:00:0${n}']\n`]),
    );
    await withSite({ ...files, ...devices, 'collections/lab.yaml': 'members: [lab-01, lab-02]\n' }, async (folder) => {
      const arm = 'device reinstall --collection lab --sequence debian';
      expect(await run(folder, `${arm} --confirm-machines 2`)).toMatch(/BW-SERVER-018/);
      await (await openState(stateFile(folder))).destroy();
      const refused = await run(folder, arm);
      expect(refused).toContain('debian erases and reinstalls 2 machines at the next start: lab-01, lab-02');
      expect(refused).toMatch(/BW-DEPLOY-009 .*Give --confirm-machines 2.*exit 4\n$/s);
      expect(await run(folder, `${arm} --confirm-machines 1`)).toMatch(/exit 4\n$/);
      expect(await run(folder, 'status')).not.toContain('reinstalled');
      expect(await run(folder, `${arm} --confirm-machines 2`)).toMatch(/Armed: lab-01, lab-02, until 20/);
      expect(await run(folder, 'device reinstall lab-01')).toMatch(/BW-SITE-004 /);
      expect(await run(folder, 'device reinstall --sequence debian')).toMatch(/BW-DEPLOY-060 /);
      expect(await run(folder, 'status')).toMatch(
        /lab-01 is to be reinstalled with debian at its next start, until 20/,
      );
      expect(await run(folder, 'device show 00:50:56:00:00:02')).toMatch(
        /reinstall {4}debian, armed at 20.*waits until/,
      );
      expect(await run(folder, 'device reinstall LAB-02 --cancel')).toBe('Disarmed: lab-02.\n');
      expect(await run(folder, 'device reinstall --cancel')).toBe('Disarmed: lab-01.\n');
      expect(await run(folder, 'device reinstall --cancel')).toBe('Nothing was armed.\n');
      expect(await run(folder, 'explain --mac 00:50:56:00:00:01 --reinstall debian')).toMatch(
        /It runs reinstall:debian by itself/,
      );
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

  it('warn of a sequence that could not start because its content is missing', async () => {
    const wanting = 'name: W\nsteps:\n  - { step: run-command-line, name: Install, command: x, package: gone }\n';
    const deployed = {
      'sequences/wanting.yaml': wanting,
      'devices/lab-01.yaml': "macs: ['00:50:56:01:02:03']\n",
      'collections/lab.yaml': 'members: [lab-01]\n',
      'deployments/D1.yaml': 'sequence: wanting\ncollection: lab\npurpose: available\n',
    };
    await withSite({ ...files, ...deployed }, async (folder) => {
      const question = 'explain --mac 00:50:56:01:02:03 --from media';
      expect(await run(folder, question)).toMatch(/Warning: wanting could not start: gone is neither .*"Install"/);
      expect(JSON.parse(await run(folder, `${question} --json`)).missing).toMatchObject([
        { sequence: 'wanting', id: 'gone', step: 'Install' },
      ]);
    });
  });
});
