import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readVariables } from '../../../src/build/order/options.ts';
import { prepareMedium } from '../../../src/build/order/prepare.ts';
import type { StandaloneRequest } from '../../../src/build/order/request.ts';
import { BootwrightError } from '../../../src/model/error.ts';
import { silentProgress } from '../../../src/model/progress.ts';
import { setSecret } from '../../../src/trust/secret-store.ts';
import { bulk, type MediumSite, mediumSite, request } from '../medium-site.ts';

const wims = join(import.meta.dirname, '..', '..', 'fixtures', 'wims');
let site: MediumSite;
beforeAll(async () => {
  site = await mediumSite();
  await setSecret(site.folder, 'join-password', 'hunter2');
  const apply = '  - step: apply-operating-system-image\n    image: ';
  const sequences: Record<string, string> = {
    secret: bulk(
      '',
      '  - step: run-command-line\n    name: Join\n    command: "true"\n    input: !secret join-password\n',
    ),
    unset: bulk('', '  - step: run-command-line\n    name: Join\n    command: "true"\n    input: !secret other\n'),
    'no-image': bulk('', `${apply}nowhere\n`),
    'no-index': bulk('', `${apply}two\n    index: 9\n`),
    damaged: bulk('', `${apply}damaged\n`),
    part: bulk('', `${apply}part\n`),
    'no-package': bulk().replace('package: tools', 'package: nothing'),
    'no-boot-image': bulk('bootImage: other\n'),
    broken: bulk('', '  - step: run-command-lime\n    command: "true"\n'),
  };
  for (const [name, text] of Object.entries(sequences)) await site.write(`sequences/${name}.yaml`, text);
  await site.write('images/two.yaml', `file: ${join(wims, 'two-images.wim')}\n`);
  await site.write('images/part.yaml', `file: ${join(wims, 'part.swm')}\n`);
  await site.write('images/damaged.wim', Buffer.from('MSWIM\0\0\0 and nothing behind it'));
  await site.write('sequences/drivers.xml', driversSequence);
  await mkdir(join(site.root, 'out'));
  await writeFile(join(site.root, 'existing.iso'), 'mine');
});
afterAll(() => site.remove());

/** As exported from Configuration Manager. */
const driversSequence = `<?xml version="1.0"?><sequence version="3.10">
<step type="SMS_TaskSequence_AutoApplyAction" name="Drivers" description="" runIn="WinPE" successCodeList="0">
<action>osddriverclient.exe /auto</action><defaultVarList></defaultVarList></step></sequence>`;

const table: readonly (readonly [why: string, code: string, changes: Partial<StandaloneRequest>])[] = [
  ['secrets and no password', 'BW-MEDIA-001', { sequenceId: 'secret' }],
  ['a hidden variable and no password', 'BW-MEDIA-001', { variables: { AdminPassword: 'hunter2' } }],
  ['a secret that is not stored', 'BW-SITE-006', { sequenceId: 'unset', password: 'x' }],
  ['a missing WIM', 'BW-CONTENT-001', { sequenceId: 'no-image' }],
  ['a missing index', 'BW-CONTENT-005', { sequenceId: 'no-index' }],
  ['a damaged WIM', 'BW-CONTENT-003', { sequenceId: 'damaged' }],
  ['a part of a split WIM', 'BW-CONTENT-004', { sequenceId: 'part' }],
  ['a missing package', 'BW-CONTENT-001', { sequenceId: 'no-package' }],
  ['no such sequence', 'BW-SITE-004', { sequenceId: 'nothing' }],
  ['a step nobody knows', 'BW-SEQUENCE-012', { sequenceId: 'broken' }],
  ['a step that needs a server', 'BW-MEDIA-002', { sequenceId: 'drivers' }],
  ['no boot image', 'BW-MEDIA-003', { sequenceId: 'no-boot-image' }],
  ['a boot image folder without one', 'BW-MEDIA-003', { bootImage: '/nowhere/at-all' }],
  ['a label of 33 characters', 'BW-MEDIA-004', { label: 'x'.repeat(33) }],
  ['a label in Cyrillic', 'BW-MEDIA-004', { label: 'Загрузка' }],
  ['an empty label', 'BW-MEDIA-004', { label: '' }],
  ['a date that is none', 'BW-SITE-009', { validTo: '2026-02-30' }],
  ['dates in the wrong order', 'BW-SITE-009', { validFrom: '2026-06-01', validTo: '2026-05-01' }],
  ['an end in the past', 'BW-MEDIA-009', { validTo: '2025-12-31' }],
  ['a variable of ours', 'BW-SITE-008', { variables: { _SMSTSMachineName: 'x' } }],
];

const code = async (work: Promise<unknown>): Promise<string> => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof BootwrightError)) throw new Error(`not refused: ${String(error)}`);
  expect(error.fix).not.toBe('');
  return error.code;
};

describe('a medium is refused, and nothing written,', () => {
  it.each(table)('for %s', async (_, expected, changes) => {
    const output = join(site.root, 'out', 'medium.iso');
    expect(await code(prepareMedium(request(site, { output, ...changes }), silentProgress))).toBe(expected);
    expect(await readdir(join(site.root, 'out'))).toEqual([]);
  });

  it.each([
    ['an existing output', 'BW-HOST-005', 'existing.iso', false],
    ['a folder as output', 'BW-MEDIA-005', 'out', true],
    ['an output in no folder', 'BW-MEDIA-005', 'none/medium.iso', true],
    ['an output that is its own content', 'BW-MEDIA-005', 'site/packages/tools/setup.sh', true],
  ])('for %s', async (_, expected, output, force) => {
    const wanted = request(site, { output: join(site.root, output), force });
    expect(await code(prepareMedium(wanted, silentProgress))).toBe(expected);
  });

  it('unless --force allows to replace the output', async () => {
    const { plan } = await prepareMedium(
      request(site, { output: join(site.root, 'existing.iso'), force: true }),
      silentProgress,
    );
    expect(plan.replaces).toBe(true);
  });

  it('by a message that names the place and what to do', async () => {
    const error: unknown = await prepareMedium(request(site, { sequenceId: 'no-image' }), silentProgress).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ place: { file: join(site.folder, 'sequences/no-image.yaml'), line: 8 } });
    expect((error as Error).message).toContain('Nothing was written.');
  });
});

describe('the plan', () => {
  it('says what goes where, without any value of a secret', async () => {
    const { plan } = await prepareMedium(
      request(site, {
        sequenceId: 'secret',
        password: 'open sesame',
        variables: { WifiPassword: 'hunter3', Room: '12' },
      }),
      silentProgress,
    );
    expect(plan).toMatchObject({
      password: 'given',
      protection: 'sealed',
      content: [{ id: 'tools', files: 5 }],
      secrets: [{ name: 'join-password', where: '/Join' }],
      variables: [
        { name: 'WifiPassword', hidden: true },
        { name: 'Room', hidden: false },
      ],
    });
    expect(plan.size).toBeGreaterThan(4_000_000);
    expect(JSON.stringify(plan)).not.toMatch(/hunter|sesame/);
  });
});

describe('variables', () => {
  it('come from a file and the command line, which wins; values are taken as they are', async () => {
    const file = await site.write('variables.txt', '# for the lab\n\nA=1\r\nB= two = 2 \nPassword=secret\n');
    expect(await readVariables(['A=3', 'C='], file)).toEqual({ A: '3', B: ' two = 2 ', Password: 'secret', C: '' });
  });

  it.each([['Password=hunter2'], ['=x'], ['nothing']])('refuses %s on the command line', async (text) => {
    const error: unknown = await readVariables([text]).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'BW-MEDIA-008' });
    expect((error as Error).message).not.toContain('hunter2');
  });
});
