import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WrittenMedium } from '../../src/build/create.ts';
import { contentIdentity } from '../../src/build/medium/policy.ts';
import { verifyMedium } from '../../src/build/medium/verify.ts';
import { prepareMedium } from '../../src/build/order/prepare.ts';
import { contentKeySecret, type Policy } from '../../src/model/policy.ts';
import { silentProgress } from '../../src/model/progress.ts';
import { readPublicKeys } from '../../src/trust/keys.ts';
import { readRecipient } from '../../src/trust/recipient.ts';
import { unseal } from '../../src/trust/seal.ts';
import { type MediumSite, makeMedium, mediumSite, request } from './medium-site.ts';

/** A medium whose content is encrypted, taken apart with xorriso and Debian's age. */
const password = 'tundra pickle 7 orbit';
const secret = Buffer.alloc(300_000, 'nobody may find this licence key ');
let site: MediumSite;
let medium: WrittenMedium;
let tree: string;

const extract = (iso: string, to: string) =>
  execFileSync('xorriso', ['-osirrox', 'on', '-indev', iso, '-extract', '/', to], { stdio: 'ignore' });

beforeAll(async () => {
  site = await mediumSite();
  await site.write('packages/tools/licence.txt', secret);
  medium = await makeMedium(site, { password, encryptContent: true, recoveryKey: true });
  tree = join(site.root, 'tree');
  extract(medium.file, tree);
});
afterAll(() => site.remove());

describe('a medium with encrypted content', () => {
  it('shows nothing of it', () => {
    const image = readFileSync(medium.file);
    expect(image.includes('nobody may find')).toBe(false);
    expect(image.includes('quoted')).toBe(false);
  });

  it('is what was signed, byte for byte', async () => {
    const { findings, mediumId } = await verifyMedium(medium.file, await readPublicKeys(site.folder), silentProgress);
    expect(findings).toEqual([]);
    expect(mediumId).toBe(medium.id);
  });

  it('gives its files to age, with the identity that the password and the recovery key open', async () => {
    const sealed = readFileSync(join(tree, 'bootwright/policy.sealed'));
    const opened = JSON.parse(Buffer.from(await unseal(sealed, medium.recoveryKey ?? '')).toString()) as Policy;
    expect(JSON.parse(Buffer.from(await unseal(sealed, password)).toString())).toEqual(opened);
    const identity = join(site.root, 'identity.txt');
    writeFileSync(identity, `${opened.secrets[contentKeySecret]}\n`);
    const decrypt = (path: string) =>
      execFileSync('age', ['-d', '-i', identity, join(tree, 'bootwright/content/tools', `${path}.age`)]);
    expect(decrypt('licence.txt').equals(secret)).toBe(true);
    expect(decrypt('Ordner mit Ümläut/a =b.txt').toString()).toBe('text\n');
    expect(decrypt('empty').length).toBe(0);
    // What steps are told about their package is about what they read.
    const sums = ['Ordner mit Ümläut/a =b.txt', 'deep/1/2/3/4/5/6/7/8/9/file', 'empty', 'licence.txt', "quote's $x.txt"]
      .concat('setup.sh')
      .map((path) => `${createHash('sha256').update(decrypt(path)).digest('hex')}  ${path}\n`)
      .join('');
    expect(opened.content[0]?.sha256).toBe(createHash('sha256').update(sums).digest('hex'));
  });

  it('has the same id every time, and other bytes', async () => {
    const again = await makeMedium(site, {
      ...{ password, encryptContent: true, recoveryKey: true, output: join(site.root, 'again.iso') },
    });
    expect(again.id).toBe(medium.id);
    expect(again.recoveryKey).not.toBe(medium.recoveryKey);
    const other = join(site.root, 'other');
    extract(again.file, other);
    const stored = (folder: string) => readFileSync(join(folder, 'bootwright/content/tools/licence.txt.age'));
    expect(stored(other).equals(stored(tree))).toBe(false);
  });

  it('is opened with the private key of a certificate that was named', async () => {
    const at = (name: string) => join(site.root, name);
    const subject = ['-subj', '/O=Vault/CN=Escrow', '-days', '30'];
    execFileSync('openssl', [
      ...[
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        ...subject,
        '-keyout',
        at('escrow.key'),
        '-out',
        at('escrow.pem'),
      ],
    ]);
    const recipient = await readRecipient(at('escrow.pem'), async () => '');
    const { file } = await makeMedium(site, { password, recipients: [recipient], output: at('escrow.iso') });
    mkdirSync(at('escrow'));
    extract(file, at('escrow'));
    const sealed = readFileSync(at('escrow/bootwright/policy.sealed'));
    const { createPrivateKey } = await import('node:crypto');
    const opened = await unseal(sealed, createPrivateKey(readFileSync(at('escrow.key'))));
    expect(JSON.parse(Buffer.from(opened).toString())).toMatchObject({ format: 'bootwright-policy/1' });
  });

  it('gives its key to whoever opens it, and one without says so', async () => {
    const { identity, mediumId } = await contentIdentity(medium.file, password);
    expect(mediumId).toBe(medium.id);
    expect(identity).toMatch(/^AGE-SECRET-KEY-1[0-9A-Z]+$/);
    await expect(contentIdentity(medium.file, 'wrong')).rejects.toMatchObject({ code: 'BW-TRUST-002' });
    const { file } = await makeMedium(site, { password, output: join(site.root, 'plain.iso') });
    await expect(contentIdentity(file, password)).rejects.toMatchObject({ code: 'BW-MEDIA-091' });
  });

  it('is verified on a stick too, whatever lies behind it there', async () => {
    const stick = join(site.root, 'stick.img');
    writeFileSync(stick, Buffer.concat([readFileSync(medium.file), Buffer.alloc(3 << 20, 'left over from before')]));
    const device = execFileSync('losetup', ['--find', '--show', stick], { encoding: 'utf8' }).trim();
    try {
      const keys = await readPublicKeys(site.folder);
      expect((await verifyMedium(device, keys, silentProgress)).findings).toEqual([]);
      execFileSync('dd', ['if=/dev/zero', `of=${device}`, 'bs=1', 'count=1', 'seek=440', 'conv=notrunc'], {
        stdio: 'ignore',
      });
      writeFileSync(device, Buffer.from([0xeb]), { flag: 'r+' });
      const found = (await verifyMedium(device, keys, silentProgress)).findings;
      expect(found.map(({ path }) => path)).toEqual(['(boot code and partition table)']);
    } finally {
      execFileSync('losetup', ['--detach', device]);
    }
  });

  it.each([{ encryptContent: true }, { recoveryKey: true }])('needs a password: %o', async (changes) => {
    const wanted = request(site, { ...changes, output: join(site.root, 'open.iso') });
    await expect(prepareMedium(wanted, silentProgress)).rejects.toMatchObject({ code: 'BW-MEDIA-090' });
  });

  it('refuses a password that is too weak for the site', async () => {
    const yaml = readFileSync(join(site.folder, 'site.yaml'), 'utf8');
    await site.write('site.yaml', yaml.replace('minimumBits: 0', 'minimumBits: 30'));
    const wanted = request(site, { password: 'hunter2', output: join(site.root, 'weak.iso') });
    await expect(prepareMedium(wanted, silentProgress)).rejects.toMatchObject({ code: 'BW-TRUST-090' });
    const strong = request(site, { password, output: join(site.root, 'strong.iso') });
    await expect(prepareMedium(strong, silentProgress)).resolves.toHaveProperty('plan');
  });
});
