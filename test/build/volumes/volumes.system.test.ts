import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, symlink, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openMedium } from '../../../src/agent/medium.ts';
import { agentPaths } from '../../../src/agent/paths.ts';
import type { VolumeDrives } from '../../../src/agent/volume-drives.ts';
import { openVolumes } from '../../../src/agent/volumes.ts';
import type { WrittenMedium } from '../../../src/build/create.ts';
import { inspectVolume } from '../../../src/build/medium/inspect.ts';
import { verifyMedium } from '../../../src/build/medium/verify.ts';
import { prepareMedium } from '../../../src/build/order/prepare.ts';
import { hashFile } from '../../../src/host/files.ts';
import type { ContentItem } from '../../../src/model/policy.ts';
import { silentProgress } from '../../../src/model/progress.ts';
import { readPublicKeys } from '../../../src/trust/keys.ts';
import { formatPublicKey } from '../../../src/trust/public-key.ts';
import { scripted } from '../../agent/scripted.ts';
import { bulk, type MediumSite, makeMedium, mediumSite, request } from '../medium-site.ts';

const volumeSize = 8e6;
let site: MediumSite;
let made: WrittenMedium;
let folders: string[] = [];
const run = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 26 });

beforeAll(async () => {
  site = await mediumSite();
  const tree = join(site.root, 'tree');
  for (let index = 0; index < 12; index += 1) {
    await mkdir(tree, { recursive: true });
    writeFileSync(join(tree, `file-${index}`), randomBytes(900_000));
  }
  run('wimlib-imagex', 'capture', tree, join(site.folder, 'images/system.wim'), 'System', '--check');
  await site.write('packages/later/data.bin', randomBytes(2_000_000));
  const image =
    '  - step: apply-operating-system-image\n    name: Apply\n    image: system\n    volume: "LABEL=root"\n';
  const later = '  - step: run-command-line\n    name: Later\n    package: later\n    command: "true"\n';
  await site.write('sequences/bulk.yaml', bulk('', image + later));
  made = await makeMedium(site, { volumeSize });
  folders = (made.volumes ?? []).map(({ file }, index) => {
    const folder = join(site.root, `disc-${index + 1}`);
    run('xorriso', '-osirrox', 'on', '-indev', file, '-extract', '/', folder);
    run('chmod', '-R', 'u+rwX', folder);
    return folder;
  });
}, 120_000);
afterAll(() => site.remove());

describe('a medium of several discs', () => {
  it('has as many files as the plan says, none larger than a disc, numbered, with the boot environment on the first', async () => {
    const names = (made.volumes ?? []).map(({ file }) => file.slice(site.root.length + 1));
    expect(names).toEqual(names.map((_, index) => `medium-${index + 1}.iso`));
    expect(names.length).toBeGreaterThan(1);
    for (const { size } of made.volumes ?? []) expect(size).toBeLessThanOrEqual(volumeSize);
    expect(existsSync(join(folders[0]!, 'boot/vmlinuz'))).toBe(true);
    expect(existsSync(join(folders[1]!, 'boot'))).toBe(false);
    expect(readdirSync(site.root).filter((name) => name.includes('.part'))).toEqual([]);
    const { plan } = await prepareMedium(request(site, { volumeSize, force: true }), silentProgress);
    // Before wimlib has split it, the parts of an image are known only about.
    expect(Math.abs((plan.volumes?.length ?? 0) - names.length)).toBeLessThanOrEqual(1);
    expect(plan.split).toEqual([{ id: 'system', parts: expect.any(Number) }]);
  });

  it('is what was signed, as a set and each disc by itself', async () => {
    const keys = await readPublicKeys(site.folder);
    const set = await verifyMedium(made.file, keys, silentProgress);
    expect(set.findings).toEqual([]);
    expect(set.volumes?.every(({ file }) => file !== undefined)).toBe(true);
    for (const { file } of made.volumes ?? [])
      expect(await verifyMedium(file, keys, silentProgress)).toMatchObject({ findings: [], mediumId: made.id });
    const [, second] = made.volumes ?? [];
    expect(await inspectVolume(second?.file ?? '')).toMatchObject({ volume: { number: 2, mediumId: made.id } });
  });

  it('is found to be another one when a disc of another set lies beside it', async () => {
    const folder = join(site.root, 'mixed');
    await mkdir(folder);
    for (const { file } of made.volumes ?? []) cpSync(file, join(folder, file.slice(site.root.length + 1)));
    const other = await makeMedium(site, { volumeSize, label: 'OTHER', output: join(site.root, 'other.iso') });
    cpSync(other.volumes?.[1]?.file ?? '', join(folder, 'medium-2.iso'));
    const { findings } = await verifyMedium(
      join(folder, 'medium-1.iso'),
      await readPublicKeys(site.folder),
      silentProgress,
    );
    expect(findings.map(({ code }) => code)).toContain('BW-MEDIA-155');
  });

  it('has an image in parts that wimlib takes for the whole one', () => {
    const parts = join(site.root, 'parts');
    for (const folder of folders) {
      const from = join(folder, 'bootwright/content/system');
      if (existsSync(from)) cpSync(from, parts, { recursive: true });
    }
    expect(readdirSync(parts).length).toBeGreaterThan(1);
    const target = join(site.root, 'applied');
    run('wimlib-imagex', 'apply', join(parts, 'system.swm'), '1', target, `--ref=${join(parts, 'system*.swm')}`);
    for (const name of readdirSync(join(site.root, 'tree')))
      expect(readFileSync(join(target, name)).equals(readFileSync(join(site.root, 'tree', name)))).toBe(true);
  });

  it('has the same bytes when it is made again', async () => {
    const folder = join(site.root, 'again');
    await mkdir(folder);
    const again = await makeMedium(site, { volumeSize, output: join(folder, 'medium.iso') });
    for (const [index, { file }] of (again.volumes ?? []).entries())
      expect(await hashFile(file)).toBe(await hashFile(made.volumes?.[index]?.file ?? ''));
  });

  it('becomes one file when one disc holds everything', async () => {
    const output = join(site.root, 'single.iso');
    const one = await makeMedium(site, { volumeSize: 80e6, output });
    expect(one).toMatchObject({ file: output });
    expect(one.volumes).toBeUndefined();
  });

  it('goes with neither encrypted content nor a stick', async () => {
    const wrong = { code: 'BW-MEDIA-151' };
    const encrypted = request(site, { volumeSize, force: true, password: 'secret', encryptContent: true });
    await expect(prepareMedium(encrypted, silentProgress)).rejects.toMatchObject(wrong);
    const stick = request(site, { volumeSize, force: true, output: join(site.root, 'x.img') });
    await expect(prepareMedium(stick, silentProgress)).rejects.toMatchObject(wrong);
  });
});

describe('the agent', () => {
  /** One drive: what lies in it is a folder with a disc's files. Mounting is a link, as long as nobody looks closer. */
  async function machine(discs: string[]) {
    const root = join(site.root, `machine-${randomBytes(4).toString('hex')}`);
    const paths = agentPaths('boot', root);
    await mkdir(dirname(paths.medium), { recursive: true });
    await mkdir(paths.volumes, { recursive: true });
    await symlink(folders[0]!, paths.medium);
    await mkdir(join(paths.etc, 'keys'), { recursive: true });
    cpSync(join(folders[0]!, 'bootwright/medium.json'), join(paths.etc, 'medium.json'));
    for (const key of (await readPublicKeys(site.folder)).filter(({ purpose }) => purpose === 'signing'))
      writeFileSync(join(paths.etc, 'keys/site.pub'), formatPublicKey(key));
    writeFileSync(paths.source, '/dev/sr0\n');
    let mounted = 0;
    const drives: VolumeDrives = {
      list: async () => ['/dev/sr0'],
      isOptical: () => true,
      mount: async (_, folder) => {
        mounted += 1;
        await symlink(discs.shift() ?? join(site.root, 'tree'), folder);
      },
      unmount: (folder) => unlink(folder),
    };
    const person = scripted(
      Array.from({ length: 20 }, () => ({ kind: 'wait' as const, seconds: 1 })),
      { paths },
    );
    const medium = await openMedium(paths);
    const volumes = await openVolumes(person.context, medium, drives);
    if (volumes === undefined) throw new Error('it has one volume');
    return { volumes, person, paths, root, mounts: () => mounted };
  }
  const item = (id: string, file: string): ContentItem => ({
    ...{ id, kind: id === 'system' ? 'os-image' : 'package', name: id, file, size: 0, sha256: '' },
  });
  const disc = (number: number): string => folders[number - 1]!;

  it('asks for each disc once and compares all of it', async () => {
    const { volumes, person } = await machine([disc(1), site.root, ...folders.slice(1)]);
    await volumes.checkAll();
    const asked = person.events.flatMap((event) => (event.type === 'prompt.shown' ? [event.volume] : []));
    expect(asked).toEqual(folders.slice(1).map((_, index) => index + 2));
    const said = person.events.flatMap((event) => (event.type === 'log' ? [event.text] : []));
    expect(said).toEqual([expect.stringContaining('BW-AGENT-151'), expect.stringContaining('BW-AGENT-152')]);
  });

  it('names a disc of another medium, and does not use it', async () => {
    const other = join(site.root, 'other-disc');
    cpSync(disc(2), other, { recursive: true });
    const facts = join(other, 'bootwright/volume.json');
    writeFileSync(facts, readFileSync(facts, 'utf8').replace(made.id, 'f'.repeat(32)));
    const { volumes, person } = await machine([other, ...folders.slice(1)]);
    await volumes.checkAll();
    expect(person.events).toContainEqual(expect.objectContaining({ text: expect.stringContaining('BW-AGENT-150') }));
  });

  it('finds a changed byte, also on a disc that comes back changed', async () => {
    const changed = join(site.root, 'changed-disc');
    cpSync(disc(2), changed, { recursive: true });
    const content = join(changed, 'bootwright/content');
    const [file = ''] = run('find', content, '-type', 'f').trim().split('\n');
    const bytes = readFileSync(file);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(file, bytes);
    const first = await machine([changed]);
    await expect(first.volumes.checkAll()).rejects.toMatchObject({ code: 'BW-TRUST-013' });
    const second = await machine([...folders.slice(1), disc(1), changed]);
    await second.volumes.checkAll();
    await second.volumes.first();
    const used = file.slice(changed.length + 1);
    const id = used.split('/')[2] ?? '';
    const asked = second.volumes.folderFor(item(id, used), join(second.root, 'target'));
    await expect(asked).rejects.toMatchObject({ code: 'BW-TRUST-013' });
  });

  it('gathers an image that lies on several discs on the target', async () => {
    const { volumes, root } = await machine(folders.slice(1));
    const target = join(root, 'target');
    const swm = 'bootwright/content/system/system.swm';
    const holding = folders.filter((folder) => existsSync(join(folder, 'bootwright/content/system')));
    if (holding.length < 2) throw new Error('the image lies on one disc');
    const folder = await volumes.folderFor(item('system', swm), target);
    expect(folder).toBe(`${target}/_SMSTaskSequence/Volumes`);
    run('wimlib-imagex', 'verify', join(folder, swm), `--ref=${join(folder, dirname(swm), 'system*.swm')}`);
  });

  it('lets the person say that a disc is not there', async () => {
    const { volumes, person } = await machine(Array.from({ length: 9 }, () => site.root));
    const typed = scripted(['n'], { paths: person.context.paths });
    Object.assign(person.context.terminal, { press: typed.context.terminal.press });
    await expect(volumes.checkAll()).rejects.toMatchObject({ code: 'BW-AGENT-153' });
  });
});
