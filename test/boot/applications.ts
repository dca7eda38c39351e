import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import type { Lab } from './lab.ts';
import { expectDeployed, work } from './machines.ts';
import { onMachine, type Start } from './scenarios.ts';

/** A package with two programs, and two applications as Debian packages, of which one needs the other. */
export function writeSoftware(site: string): void {
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(site, path)), { recursive: true });
    writeFileSync(join(site, path), text);
  };
  write(
    'packages/lab-tools/package.yaml',
    `programs:
  - { name: Look, command: sh look.sh, successCodes: [7] }
  - { name: Mark, command: sh mark.sh }
`,
  );
  write('packages/lab-tools/look.sh', 'test -e /run/bootwright/medium && test -e ./mark.sh && exit 7\nexit 1\n');
  write('packages/lab-tools/mark.sh', 'mkdir -p /var/lib/lab && cat /etc/hostname > /var/lib/lab/package\n');
  for (const [id, needs] of [
    ['lab-base', ''],
    ['lab-editor', 'lab-base'],
  ] as const) {
    write(
      `applications/${id}.yaml`,
      `name: ${id}
install: { command: dpkg -i ${id}.deb }
detection:
  - command: dpkg -s ${id}
  - file: /usr/share/${id}/VERSION
    version: { operator: greaterEqual, value: '2.1' }
requirements:
  - { operatingSystem: [debian] }
${needs === '' ? '' : `dependencies: [${needs}]\n`}`,
    );
    const tree = join(site, '..', `${id}.tree`);
    mkdirSync(join(tree, 'DEBIAN'), { recursive: true });
    mkdirSync(join(tree, 'usr', 'share', id), { recursive: true });
    writeFileSync(join(tree, 'usr', 'share', id, 'VERSION'), `${id} 2.1.3\n`);
    writeFileSync(
      join(tree, 'DEBIAN', 'control'),
      `Package: ${id}\nVersion: 2.1.3\nArchitecture: all\nMaintainer: Lab <lab@example.org>\n${needs === '' ? '' : `Depends: ${needs}\n`}Description: of the boot tests\n`,
    );
    mkdirSync(join(site, 'applications', id), { recursive: true });
    execFileSync('dpkg-deb', ['--root-owner-group', '--build', tree, join(site, 'applications', id, `${id}.deb`)]);
    rmSync(tree, { recursive: true });
  }
}

/** Everything is installed where it belongs, dpkg knows it, and what was kept stayed. */
export function installsSoftware(start: Start) {
  return async (lab: Lab, id: string): Promise<void> => {
    await onMachine(lab, id, start, async (machine) => {
      const bench = await machine.start();
      await work(id, bench, machine.medium, 'deployed');
      const messages = bench.heard.all.flatMap(({ event }) =>
        event.type === 'step.completed' ? [[event.name, event.message]] : [],
      );
      expect(Object.fromEntries(messages)).toMatchObject({
        'Package in the boot environment': 'Look of lab-tools ended with code 7.',
        'Package inside the applied system': '1 of 1 packages were installed.',
        'Application in the deployed system': 'Installed: lab-base, lab-editor.',
      });
      const root = await expectDeployed(machine, bench, start.profile);
      expect(await root.read('/var/lib/lab/package')).toBe('lab-02\n');
      expect(await root.read('/var/lib/dpkg/status')).toMatch(/Package: lab-editor\nStatus: install ok installed/);
      expect(await root.read('/var/lib/lab/status')).toBe(
        'Success /var/lib/lab/tools/lab-tools\nlook.sh\nmark.sh\npackage.yaml\n',
      );
      expect(await root.list('/_SMSTaskSequence')).toBeUndefined();
    });
  };
}
