import { describe, expect, it } from 'vitest';
import { compilePolicy } from '../../src/site/compile.ts';
import type { ExtraContent } from '../../src/site/content-wishes.ts';
import { loadSite } from '../../src/site/load.ts';
import { problemLines } from '../problem-lines.ts';
import { withSite } from './site-folder.ts';

const application = (name: string, dependencies = ''): string =>
  `name: ${name}\ninstall: { command: x }\ndetection: [{ file: /opt/x }]\n${dependencies}`;

const files = (steps: string): Record<string, string> => ({
  'packages/tools/package.yaml': 'programs:\n  - { name: Install, command: x }\n  - { name: Remove, command: y }\n',
  'packages/drivers/package.yaml': 'kind: driver-package\n',
  'packages/plain/a': 'a',
  'applications/base.yaml': application('Base'),
  'applications/office.yaml': application('The Office', 'dependencies: [base]\n'),
  'applications/viewer.yaml': application('Viewer'),
  'sequences/main.yaml': `name: Main\nvariables: { APP01: viewer, APP03: gone, PKG001: 'tools:Remove', APPLE: base }\nsteps:\n${steps}`,
});

async function compile(
  steps: string,
  extraContent: ExtraContent = {},
  mediaKind: 'standalone' | 'bootable' = 'standalone',
) {
  return withSite(files(steps), async (folder) => {
    const site = await loadSite(folder);
    const { compiled, problems } = await compilePolicy({ site, sequenceId: 'main', mediaKind, extraContent });
    return {
      ids: compiled?.content.map(({ item }) => item.id),
      reasons: Object.fromEntries(compiled?.reasons ?? []),
      wantedBy: Object.fromEntries(compiled?.wantedBy ?? []),
      found: problemLines([...site.problems, ...problems]),
    };
  });
}

const office = '  - { step: install-application, name: Office, applications: [The Office] }\n';
const nothing = '  - { step: set-task-sequence-variable, variable: A, value: b }\n';

describe('what software of a sequence comes along', () => {
  it('applications by ID or name, with what they depend on in front', async () => {
    const { ids, reasons, wantedBy, found } = await compile(office);
    expect([ids, found]).toEqual([['base', 'office'], '']);
    expect(reasons).toEqual({ office: ['step "Office"'], base: ['needed by office'] });
    // A server says which step would fail, whatever of its application is missing.
    expect(wantedBy).toEqual({ office: ['Office'], base: ['Office'] });
  });

  it('what variables name by now, and what a step says they may name', async () => {
    const { ids, found } = await compile(
      '  - { step: install-application, name: List, baseVariable: APP, choices: [office] }\n' +
        '  - { step: set-task-sequence-variable, variable: APP02, value: Base }\n' +
        '  - { step: install-package, baseVariable: PKG }\n',
    );
    expect(ids).toEqual(['base', 'office', 'viewer', 'tools']);
    expect(found).toBe(
      'sequences/main.yaml:4:5 (/List) warning BW-CONTENT-001 The site has no content "gone". The step "List" needs gone.\n' +
        '  Fix: Put it into images/, packages/, applications/ or scripts/.\n',
    );
  });

  it.each<[string, string]>([
    ['{ step: install-package, package: tools, program: Instal }', 'BW-CONTENT-301'],
    ['{ step: install-package, package: tools }', 'BW-CONTENT-301'],
    ['{ step: install-package, package: plain }', 'BW-CONTENT-301'],
    ['{ step: install-package, package: office, program: Install }', 'BW-CONTENT-300'],
    ['{ step: install-application, applications: [tools] }', 'BW-CONTENT-300'],
    ['{ step: install-application, applications: [Offices] }', 'BW-CONTENT-001'],
    ['{ step: install-application }', 'BW-STEP-002'],
    ['{ step: apply-data-image, image: tools }', 'BW-CONTENT-300'],
  ])('is refused: %s', async (step, code) => {
    const { ids, found } = await compile(`  - ${step}\n`);
    expect(ids).toBeUndefined();
    expect(found).toContain(code);
  });

  it('a list that would find nothing is refused where there is no server', async () => {
    const list = '  - { step: install-application, name: List, baseVariable: OTHER }\n';
    expect((await compile(list)).found).toContain('BW-MEDIA-182');
    expect((await compile(list, {}, 'bootable')).ids).toEqual([]);
    expect((await compile(list, { applications: ['viewer'] })).ids).toEqual(['viewer']);
  });
});

describe('what is added to a medium', () => {
  it('comes with what it depends on, unless it is not to', async () => {
    const { ids, reasons } = await compile(nothing, { applications: ['Office'], driverPackages: ['drivers'] });
    expect(ids).toEqual(['base', 'office', 'drivers']);
    expect(reasons).toMatchObject({ office: ['--application'], base: ['needed by office'] });
    expect((await compile(nothing, { applications: ['office'], detectDependencies: false })).ids).toEqual(['office']);
  });

  it('has to be of the kind its flag says', async () => {
    expect((await compile(nothing, { packages: ['drivers'] })).found).toContain('--package error BW-CONTENT-300');
    expect((await compile(nothing, { applications: ['none'] })).found).toContain('--application error BW-CONTENT-001');
  });

  it('is what disabled steps need, only where that is wanted', async () => {
    const disabled = office.replace('name: Office', 'name: Office, disabled: true');
    expect((await compile(disabled)).ids).toEqual([]);
    const { ids, reasons } = await compile(disabled, { includeDisabled: true });
    expect(ids).toEqual(['base', 'office']);
    expect(reasons['office']).toEqual(['disabled step "Office"']);
  });
});

describe('what is left out of a medium', () => {
  it('is what was added, or came with it', async () => {
    expect((await compile(nothing, { applications: ['office'], exclude: ['BASE'] })).ids).toEqual(['office']);
  });

  it.each([
    ['office', 'BW-MEDIA-180', 'step "Office"'],
    ['base', 'BW-MEDIA-180', 'office, for step "Office"'],
    ['bas', 'BW-MEDIA-181', 'Did you mean "base"?'],
    ['viewer', 'BW-MEDIA-181', 'On the medium: base, office.'],
  ])('is never what the run needs: %s', async (id, code, why) => {
    const { ids, found } = await compile(office, { exclude: [id] });
    expect(ids).toBeUndefined();
    expect(found).toContain(code);
    expect(found).toContain(why);
  });
});
