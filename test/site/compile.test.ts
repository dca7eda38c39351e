import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type CompileRequest, compilePolicy } from '../../src/site/compile.ts';
import { contentHash, withHashes } from '../../src/site/compile-content.ts';
import { loadSite } from '../../src/site/load.ts';
import { problemLines } from '../problem-lines.ts';
import { withSite } from './site-folder.ts';

const fixtures = join(import.meta.dirname, '..', 'fixtures');

type Options = Omit<CompileRequest, 'site' | 'sequenceId' | 'mediaKind'>;

async function compile(
  files: Readonly<Record<string, string>>,
  options: Options = {},
  prepare?: (folder: string) => Promise<void>,
) {
  return withSite(files, async (folder) => {
    await prepare?.(folder);
    const site = await loadSite(folder);
    return compilePolicy({ site, sequenceId: 'main', mediaKind: 'standalone', ...options });
  });
}

const wellFormed = {
  'site.yaml': 'name: Test\norganisation: Example\nkeyboard: de\n',
  'packages/tools/run.sh': '#!/bin/sh\n',
  'packages/tools/sub/b': '22',
  'sequences/main.yaml': `name: Main
variables: { Greeting: hello, Join: !secret join }
steps:
  - group: Install
    steps:
      - step: format-and-partition-disk
        disk: { rule: only }
        partitions: [{ type: linux, variable: OSDisk }]
      - { step: apply-operating-system-image, image: DEBIAN, index: 2 }
      - { step: apply-operating-system-image, image: windows, disabled: true }
      - { step: run-command-line, command: ./run.sh, package: tools, input: !secret admin }
  - { step: run-task-sequence, name: Finish, sequence: Child }
`,
  'sequences/child.yaml': `name: Child
variables: { Greeting: overridden by the parent, Colour: red }
steps:
  - { step: run-command-line, name: Say it, command: 'echo %Greeting%', package: tools }
`,
  'secrets/join.age': '',
  'secrets/admin.age': '',
};

describe('compilePolicy', () => {
  it('resolves the sequence, merges variables and children, and takes only content of steps that run', async () => {
    const { compiled, problems } = await compile(wellFormed, {
      variables: { greeting: 'hi', AdminPassword: 'x' },
      secrets: { join: 'j-value', admin: 'a-value', unused: 'u-value' },
      validFrom: '2027-01-01',
      validTo: '2027-01-31',
      unattended: true,
    });
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    const { policy, content, destructive, asks, secretsUsed, bootImage } = compiled!;
    expect(policy).toMatchObject({
      organisation: 'Example',
      keyboard: 'de',
      unattended: true,
      allowShell: false,
      validFrom: '2027-01-01T00:00:00Z',
      validTo: '2027-01-31T23:59:59Z',
      secrets: { join: 'j-value', admin: 'a-value' },
      variables: [
        { name: 'greeting', value: 'hi' },
        { name: 'AdminPassword', value: 'x', hidden: true },
      ],
    });
    expect(policy.sequence.variables).toEqual([
      { name: 'Greeting', value: 'hello' },
      { name: 'Colour', value: 'red' },
      { name: 'Join', value: { $secret: 'join' }, hidden: true },
    ]);
    expect(policy.sequence.items[1]).toMatchObject({
      kind: 'group',
      name: 'Finish',
      items: [{ kind: 'step', name: 'Say it', type: 'SMS_TaskSequence_RunCommandLineAction' }],
    });
    // The engineer's folders do not travel.
    expect(JSON.stringify(policy)).not.toMatch(/"place"|site-|u-value/);
    expect(content.map(({ item, files }) => [item.id, item.kind, item.file, item.size, files.length])).toEqual([
      ['debian', 'os-image', 'bootwright/content/debian/debian.wim', 3608, 1],
      ['tools', 'package', 'bootwright/content/tools', 12, 2],
    ]);
    expect(content[0]?.item.images?.map(({ name }) => name)).toEqual(['First', 'Second']);
    expect(destructive.map(({ name }) => name)).toEqual(['Format and Partition Disk', 'Apply Operating System Image']);
    expect(asks).toEqual([]);
    expect(secretsUsed).toEqual([
      { name: 'join', where: 'variable Join', writtenToTarget: true },
      { name: 'admin', where: '/Install/Run Command Line', writtenToTarget: true },
    ]);
    expect(bootImage).toBe('default');
  });

  it('asks the agent which secrets it will write', async () => {
    const deployedSecrets = () => ({ secrets: ['admin'], variables: [] });
    const { compiled } = await compile(wellFormed, { secrets: { join: '1', admin: '2' }, deployedSecrets });
    expect(compiled?.secretsUsed.map(({ writtenToTarget }) => writtenToTarget)).toEqual([false, true]);
    const variables = () => ({ secrets: [], variables: ['join'] });
    const second = await compile(wellFormed, { secrets: { join: '1', admin: '2' }, deployedSecrets: variables });
    expect(second.compiled?.secretsUsed.map(({ writtenToTarget }) => writtenToTarget)).toEqual([true, false]);
  });

  it('fills in hashes without changing the length of the policy', async () => {
    const { compiled } = await compile(wellFormed, { secrets: { join: '1', admin: '2' } });
    const { policy, content } = compiled!;
    const hashes = new Map(
      content.flatMap(({ files }) => files.map(({ path }, index) => [path, String(index).repeat(64)])),
    );
    const finished = withHashes(policy, content, hashes);
    expect(finished.content[0]?.sha256).toBe('0'.repeat(64));
    // printf '%s  run.sh\n%s  sub/b\n' 000… 111… | sha256sum
    expect(finished.content[1]?.sha256).toBe(contentHash(content[1]!, hashes));
    expect(finished.content[1]?.sha256).toBe('ea5d80fefd4c00619697b0524b2dad7528877018f89fa14805d0ae9c2a8b9f33');
    expect(JSON.stringify(finished)).toHaveLength(JSON.stringify(policy).length);
  });

  it('refuses by name what cannot go onto the medium', async () => {
    const { compiled, problems } = await compile(
      {
        'sequences/main.yaml': `name: Main
steps:
  - { step: apply-operating-system-image, name: By variable, image: '%Image%' }
  - { step: apply-operating-system-image, name: Missing, image: windows }
  - { step: apply-operating-system-image, name: Damaged, image: broken }
  - { step: apply-operating-system-image, name: No such index, image: debian, index: 9 }
  - { step: run-command-line, name: Package, command: a, package: bad }
  - { step: run-command-line, name: Secret, command: a, input: !secret admin }
  - { step: run-task-sequence, name: Myself, sequence: main }
  - { step: run-task-sequence, name: Nobody, sequence: mian }
`,
        'images/broken.wim': 'no wim',
        'packages/bad/a:b': '',
        'secrets/admin.age': '',
      },
      { variables: { _SMSTSMake: 'x', 'not a name': 'y' }, validFrom: '2027-02-30', validTo: 'tomorrow' },
    );
    expect(compiled).toBeUndefined();
    expect(problemLines(problems).replaceAll(/\/\S*\/site-\w+\//g, '/site/')).toMatchInlineSnapshot(`
      "--valid-from error BW-SITE-009 "2027-02-30" is not a date.
      --valid-to error BW-SITE-009 "tomorrow" is not a date.
      --variable error BW-SITE-008 The variable _SMSTSMake is read-only: names that begin with _ belong to the engine.
      --variable error BW-SITE-008 "not a name" cannot be the name of a variable.
      images/broken.wim error BW-CONTENT-002 /site/images/broken.wim is not a WIM.
        Fix: Give a file written by wimlib, DISM or a Windows medium (install.wim, install.esd).
      packages/bad/a:b error BW-CONTENT-006 The name holds a character that FAT32 does not allow.
        Fix: Rename it: no \\ : * ? " < > | and no dot or space at the end.
      sequences/main.yaml error BW-SITE-006 The secret "admin" was not opened.
      sequences/main.yaml:3:5 (/By variable) error BW-SEQUENCE-012 The content of "By variable" is named by a variable (%Image%): which one to take along is not known.
        Fix: Write the ID itself, or one step per ID with a condition.
      sequences/main.yaml:4:65 (/Missing) error BW-CONTENT-001 The site has no content "windows".
        Fix: Put it as images/windows.wim, or correct the ID.
      sequences/main.yaml:6:86 (/No such index) error BW-CONTENT-005 /site/images/debian.wim holds no image 9.
        Fix: Use one of: 1 (First), 2 (Second).
      sequences/main.yaml:9:5 (/Myself) error BW-SITE-004 The task sequence runs itself: main → main.
        Fix: Remove one of these steps.
      sequences/main.yaml:10:5 (/Nobody) error BW-SITE-004 The site has no task sequence "mian".
        Fix: Did you mean "main"?
      "
    `);
  });

  it('refuses imported steps nobody here can run, unless they are disabled', async () => {
    const sample = 'DeploymentResearch__DRFiles__Scripts__TaskSequences__TS-BitLocker.zip.PS100294.object.xml';
    const { compiled, problems } = await compile({}, {}, async (folder) => {
      await mkdir(join(folder, 'sequences'));
      await copyFile(join(fixtures, 'task-sequences', sample), join(folder, 'sequences', 'main.xml'));
    });
    expect(compiled).toBeUndefined();
    const refusals = problems.filter(({ severity }) => severity === 'error').map(({ message }) => message);
    expect(new Set(refusals)).toMatchInlineSnapshot(`
      Set {
        "The step "Enable BitLocker (ConfigMgr)" cannot run from this medium: Bootwright has no steps of type SMS_TaskSequence_EnableBitLockerAction.",
      }
    `);
  });

  it('keeps disabled steps nobody here can run, and everything in disabled groups', async () => {
    const step = '<step type="Third_Party" name="Other"/>';
    const { compiled } = await compile({
      'sequences/main.xml': `<sequence version="3.10"><group name="G" disable="true">${step}</group>${step.replace('/>', ' disable="true"/>')}</sequence>`,
    });
    expect(compiled?.policy.sequence.items).toMatchObject([
      { disabled: true, items: [{ type: 'Third_Party', disabled: false }] },
      { type: 'Third_Party', disabled: true },
    ]);
  });

  it('lets the kind of medium object, and does not say the same twice', async () => {
    const files = {
      'sequences/main.xml':
        '<sequence version="3.10"><step type="SMS_TaskSequence_AutoApplyAction" name="Drivers"/><step type="Third_Party" name="Other"/></sequence>',
    };
    const { problems } = await compile(files, {
      objections: (sequence) => [
        { ...sequence.items[0]!.place!, severity: 'error', code: 'BW-SEQUENCE-012', message: 'no server' },
      ],
    });
    expect(problems.filter(({ severity }) => severity === 'error').map(({ message }) => message)).toEqual([
      'no server',
      'The step "Other" cannot run from this medium: Bootwright has no steps of type Third_Party.',
    ]);
  });

  it('starts from the boot image that the sequence names, if it is one of this site', async () => {
    const bootImage = async (file: string, text: string, built = 'lab'): Promise<unknown> => {
      const files = { [file]: text, [`boot-images/${built}/boot-image.json`]: '{}' };
      return (await compile(files)).compiled?.bootImage;
    };
    const imported = `<INSTANCE CLASSNAME="SMS_TaskSequencePackage"><PROPERTY NAME="BootImageID"><VALUE>ABC00005</VALUE></PROPERTY><PROPERTY NAME="Sequence"><VALUE><![CDATA[<sequence version="3.10"/>]]></VALUE></PROPERTY></INSTANCE>`;
    expect(await bootImage('sequences/main.yaml', 'name: x\nbootImage: other\nsteps: []\n')).toBe('other');
    expect(await bootImage('sequences/main.xml', imported)).toBe('default');
    expect(await bootImage('sequences/main.xml', imported, 'ABC00005')).toBe('ABC00005');
  });

  it('has no sequence of another name', async () => {
    await expect(compile({ 'sequences/mian.yaml': 'name: x\nsteps: []\n' })).rejects.toMatchObject({
      code: 'BW-SITE-004',
      fix: 'Did you mean "mian"?',
    });
  });

  it('knows dates from other words', async () => {
    const dates = async (validFrom?: string, validTo?: string): Promise<unknown> => {
      const { compiled, problems } = await compile(
        { 'sequences/main.yaml': 'name: x\nsteps: []\n' },
        { ...(validFrom && { validFrom }), ...(validTo && { validTo }) },
      );
      return compiled === undefined
        ? problems.map(({ file }) => file)
        : [compiled.policy.validFrom, compiled.policy.validTo];
    };
    expect(await dates('2027-03-01T10:00:00+02:00')).toEqual(['2027-03-01T08:00:00Z', undefined]);
    expect(await dates(undefined, '2028-02-29')).toEqual([undefined, '2028-02-29T23:59:59Z']);
    expect(await dates('2027-03-02', '2027-03-01')).toEqual(['--valid-to']);
    for (const bad of ['2027-02-29', '2027-13-01', '1.3.2027', '2027-03-01T25:00:00Z', '2027-03-01T10:00:00', '1']) {
      expect(await dates(bad), bad).toEqual(['--valid-from']);
    }
  });
});
