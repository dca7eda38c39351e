import { describe, expect, it } from 'vitest';
import { contentIds, contentSource } from '../../src/site/content-sources.ts';
import { loadSite } from '../../src/site/load.ts';
import { installationOrder } from '../../src/site/load-applications.ts';
import { problemLines } from '../problem-lines.ts';
import { withSite } from './site-folder.ts';

const application = (dependencies: readonly string[] = [], more = ''): string => `name: Application
install: { command: sh install.sh }
detection:
  - file: /usr/bin/application
${dependencies.length === 0 ? '' : `dependencies: [${dependencies.join(', ')}]\n`}${more}`;

const problemsOf = (files: Readonly<Record<string, string>>): Promise<string> =>
  withSite(files, async (folder) => problemLines((await loadSite(folder)).problems));

describe('applications of a site', () => {
  it('are read with everything they can say', async () => {
    const text = `name: 7-Zip
publisher: Igor Pavlov
version: '23.01'
confidential: true
install: { command: sh install.sh, runAs: user, successCodes: [0, 3010], timeoutMinutes: 30 }
uninstall: { command: sh remove.sh }
detection:
  - file: /usr/bin/7z
    version: { operator: greaterEqual, value: '23.1' }
  - command: dpkg -s 7zip
    exitCode: 0
  - registry: HKEY_LOCAL_MACHINE\\SOFTWARE\\7-Zip
    value: Path
requirements:
  - architecture: [x64, arm64]
  - memory: 512 MB
  - { variable: OSDComputerName, operator: like, value: lab-* }
dependencies: [runtime]
`;
    const files = {
      'applications/seven.yaml': text,
      'applications/seven/install.sh': 'true\n',
      'applications/runtime.yaml': application(),
    };
    await withSite(files, async (folder) => {
      const site = await loadSite(folder);
      expect(problemLines(site.problems)).toBe('');
      expect(contentIds(site)).toEqual(['debian', 'runtime', 'seven']);
      const source = await contentSource(site, 'SEVEN');
      expect(source).toMatchObject({ id: 'seven', kind: 'application', name: '7-Zip', confidential: true });
      expect(source.files.map(({ path }) => path)).toEqual(['install.sh']);
      expect(source.definition).toMatchObject({ uninstall: { command: 'sh remove.sh' }, version: '23.01' });
    });
  });

  it('are reported with line and column when something is wrong with them', async () => {
    const wrong = `name: Wrong
install: { comand: sh install.sh }
detection:
  - file: /usr/bin/x
    version: { operator: newer, value: '1.0' }
dependencies: [runtme]
`;
    expect(await problemsOf({ 'applications/wrong.yaml': wrong, 'applications/stray.txt': '' })).toMatchInlineSnapshot(`
      "applications/stray.txt warning BW-SITE-010 This does not belong here and is ignored.
        Fix: Applications are files applications/ID.yaml with a folder ID/.
      applications/wrong.yaml:2:12 error BW-SEQUENCE-002 "comand" is not a key of "install".
        Fix: Did you mean "command"?
      applications/wrong.yaml:5:26 error BW-SEQUENCE-003 "detection[0].version.operator" has to be one of equals, notEquals, less, lessEqual, greater, greaterEqual.
        Fix: Write one of equals, notEquals, less, lessEqual, greater, greaterEqual.
      "
    `);
    const unknown = { 'applications/a.yaml': application(['runtme']), 'applications/runtime.yaml': application() };
    expect(await problemsOf(unknown)).toMatchInlineSnapshot(`
      "applications/a.yaml:5:16 error BW-CONTENT-036 The site has no application "runtme".
        Fix: Did you mean "runtime"?
      "
    `);
  });

  it('may not depend on each other in a circle', async () => {
    const circle = {
      'applications/a.yaml': application(['b']),
      'applications/b.yaml': application(['C']),
      'applications/c.yaml': application(['a']),
      'applications/self.yaml': application(['self']),
      'applications/fine.yaml': application(['a']),
    };
    expect(await problemsOf(circle)).toMatchInlineSnapshot(`
      "applications/c.yaml:5:16 error BW-CONTENT-037 These applications depend on each other: a → b → c → a. None of them could be installed first.
      applications/self.yaml:5:16 error BW-CONTENT-037 These applications depend on each other: self → self. None of them could be installed first.
      "
    `);
  });

  it('are installed behind what they depend on', async () => {
    const files = {
      'applications/top.yaml': application(['left', 'right']),
      'applications/left.yaml': application(['base']),
      'applications/right.yaml': application(['base']),
      'applications/base.yaml': application(),
    };
    await withSite(files, async (folder) => {
      const { applications } = await loadSite(folder);
      expect(installationOrder(applications, 'Top').map(({ id }) => id)).toEqual(['base', 'left', 'right', 'top']);
    });
  });

  it('share one set of IDs with all other content', async () => {
    const files = {
      'packages/tools/x': '',
      'applications/Tools.yaml': application(),
      'scripts/debian': '',
      'scripts/set-up.sh': 'true\n',
    };
    expect(await problemsOf(files)).toMatchInlineSnapshot(`
      "applications/Tools.yaml error BW-SITE-005 The ID "Tools" is already used by packages/tools.
      scripts/debian error BW-SITE-005 The ID "debian" is already used by images/debian.wim.
      "
    `);
  });
});

describe('package.yaml', () => {
  it('names programs, and makes driver packages and confidential ones', async () => {
    const files = {
      'packages/tools/package.yaml': `name: Tools
kind: driver-package
confidential: true
programs:
  - { name: Install, command: sh install.sh, runAs: system, successCodes: [0], restart: program }
`,
      'packages/plain/file': 'x',
    };
    await withSite(files, async (folder) => {
      const site = await loadSite(folder);
      expect(problemLines(site.problems)).toBe('');
      expect(await contentSource(site, 'tools')).toMatchObject({
        kind: 'driver-package',
        confidential: true,
        name: 'Tools',
      });
      expect(await contentSource(site, 'plain')).toMatchObject({ kind: 'package', confidential: false, name: 'plain' });
    });
  });

  it('is reported with line and column', async () => {
    const text = 'programs:\n  - { name: Install, command: "", restart: sometimes }\n';
    expect(await problemsOf({ 'packages/tools/package.yaml': text })).toMatchInlineSnapshot(`
      "packages/tools/package.yaml:2:22 error BW-SEQUENCE-003 "programs[0].command" must not be empty.
      packages/tools/package.yaml:2:44 error BW-SEQUENCE-003 "programs[0].restart" has to be one of never, program, always.
        Fix: Write one of never, program, always.
      "
    `);
  });
});
