import { execFileSync } from 'node:child_process';
import { createCipheriv, createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deployedSecrets } from '../../../src/agent/deployed-secrets.ts';
import { audit } from '../../../src/build/audit/audit.ts';
import { checkMedium } from '../../../src/build/audit/check.ts';
import type { AuditRequest } from '../../../src/build/audit/request.ts';
import type { Audit } from '../../../src/model/audit.ts';
import { silentProgress } from '../../../src/model/progress.ts';
import { readPublicKeys } from '../../../src/trust/keys.ts';
import { setSecret } from '../../../src/trust/secret-store.ts';
import { bulk, type MediumSite, makeMedium, mediumSite } from '../medium-site.ts';

const strong = 'tundra pickle 7 orbit cellar';
const now = new Date('2026-01-01T00:00:00Z');
let site: MediumSite;
let at: (name: string) => string;

const judge = async (file: string, secret?: string, more: Partial<AuditRequest> = {}): Promise<Audit> =>
  audit(file, { keys: [], deployedSecrets, now, ...(secret === undefined ? {} : { secret }), ...more });
const of = ({ findings }: Audit, subject: string) =>
  findings.filter((finding) => finding.subject === subject).map(({ severity, message }) => `${severity}: ${message}`);

beforeAll(async () => {
  site = await mediumSite();
  at = (name) => join(site.root, name);
  await setSecret(site.folder, 'join-password', 'Winter2026');
  await setSecret(site.folder, 'token', 'v8#kQ0zLw!x2Rt9');
  const step = (name: string, secret: string) =>
    `  - step: run-command-line\n    name: ${name}\n    command: "true"\n    input: !secret ${secret}\n`;
  await site.write('sequences/secret.yaml', bulk('', step('Join', 'join-password') + step('Tell', 'token')));
  await site.write('packages/tools/setup.ini', '[account]\npassword=Winter2026\n');
});
afterAll(() => site.remove());

describe('media audit', () => {
  it('finds a medium without a password unprotected, and secrets that lie in packages', async () => {
    const { file } = await makeMedium(site, { output: at('open.iso') });
    const found = await judge(file);
    expect(found).toMatchObject({ maker: 'bootwright', level: 'unprotected', opened: true });
    expect(of(found, 'password')).toEqual(['warning: the medium is unprotected: it has no password']);
    expect(of(found, 'bootwright/content/tools/setup.ini')[0]).toMatch(/^serious: .*a password in a setting/);
    expect(found.findings[0]?.severity).toBe('serious');
    expect(JSON.stringify(found)).not.toContain('Winter2026');
  });

  it('judges the password and what it opens, and shows no value', async () => {
    const { file } = await makeMedium(site, {
      ...{ sequenceId: 'secret', password: 'Winter2026', output: at('weak.iso'), unattended: true },
    });
    const found = await judge(file, 'Winter2026', { keys: await readPublicKeys(site.folder) });
    expect(of(found, 'password')[0]).toMatch(/^serious: at most 2\^\d+ guesses/);
    expect(of(found, 'secret join-password')).toEqual(['serious: is the same as the password of the medium']);
    expect(of(found, 'secret token')).toEqual([]);
    expect(of(found, 'expiry')).toEqual(['warning: the medium can be used for ever']);
    expect(of(found, 'unattended')[0]).toMatch(/^warning/);
    expect(of(found, 'on the target')[0]).toMatch(/join-password, token/);
    expect(of(found, 'signature')[0]).toMatch(/^note: Ed25519 .* files are listed$/);
    expect(found.guessing?.guessesPerSecond).toBeGreaterThan(0.2);
    expect(found.guessing?.guessesPerSecond).toBeLessThan(200);
    const text = JSON.stringify(found);
    for (const value of ['Winter2026', 'v8#kQ0zLw!x2Rt9']) expect(text).not.toContain(value);
  });

  it('has little to say about a good one', async () => {
    const { file } = await makeMedium(site, {
      ...{ password: strong, output: at('good.iso'), encryptContent: true, recoveryKey: true, validTo: '2026-03-01' },
    });
    const found = await judge(file, strong, { keys: await readPublicKeys(site.folder) });
    expect(found.findings.filter(({ severity }) => severity !== 'note')).toEqual([]);
    expect(found.readers.map(({ who }) => who)).toContain('who has a password or a recovery key');
    expect(found.readers[0]?.reads).not.toContain('images and packages');
    expect(of(found, 'expiry')).toEqual(['note: can be used for 59 more days, until 2026-03-01T23:59:59Z']);
  });

  it('says without the password what everybody sees, and that it saw no more', async () => {
    const found = await judge(at('weak.iso'));
    expect(found.opened).toBe(false);
    expect(of(found, 'sealed part')[0]).toMatch(/^note: was not opened/);
    expect(of(found, 'signature')[0]).toMatch(/was not checked/);
    await expect(judge(at('weak.iso'), 'wrong')).rejects.toMatchObject({ code: 'BW-TRUST-002' });
  });

  it('finds a signature by somebody else, and a file nobody signed', async () => {
    const other = await mediumSite(at('other'));
    const keys = await readPublicKeys(other.folder);
    expect(of(await judge(at('open.iso'), undefined, { keys }), 'signature')[0]).toMatch(/^serious: .*not trusted/);
    process.env['XDG_CONFIG_HOME'] = at('config');
    writeFileSync(at('extra'), 'x');
    const copy = at('added.iso');
    execFileSync('xorriso', ['-indev', at('open.iso'), '-outdev', copy, '-map', at('extra'), '/boot/extra'], {
      stdio: 'ignore',
    });
    const found = await judge(copy, undefined, { keys: await readPublicKeys(site.folder) });
    expect(of(found, 'signature')[0]).toMatch(/^serious: .*boot\/extra/);
  });
});

describe('media check', () => {
  const check = async (file: string, keys: AuditRequest['keys']) =>
    checkMedium(file, { keys, deployedSecrets, now, secret: strong }, silentProgress);

  it('is red for a changed byte, and for loaders that nobody signed', async () => {
    const keys = await readPublicKeys(site.folder);
    const good = await check(at('good.iso'), keys);
    // The loaders of this site are no programs.
    expect(good).toMatchObject({ light: 'red', verified: true });
    expect(good.findings.filter(({ severity }) => severity !== 'note').map(({ subject }) => subject)).toEqual([
      'first loader (EFI/BOOT/BOOTX64.EFI)',
      'second loader (EFI/BOOT/grubx64.efi)',
      'key manager (EFI/BOOT/mmx64.efi)',
    ]);
    const bytes = readFileSync(at('good.iso'));
    const at440 = bytes.indexOf('initramfs initramfs');
    bytes[at440]! ^= 1;
    writeFileSync(at('changed.iso'), bytes);
    const changed = await check(at('changed.iso'), keys);
    expect(changed).toMatchObject({ light: 'red', verified: false });
    expect(changed.findings[0]).toMatchObject({ severity: 'serious', subject: 'boot/initramfs.img' });
  });

  it('says when nothing could be compared', async () => {
    const found = await check(at('good.iso'), []);
    expect(found.findings.map(({ message }) => message)).toContain(
      'was not compared: no key of the maker is known here',
    );
  });
});

/** Written apart from what reads it: AES-128 as Configuration Manager uses it. */
function configMgrFile(text: string, password: string): Buffer {
  const sha1 = (bytes: Uint8Array) => createHash('sha1').update(bytes).digest();
  const hash = sha1(Buffer.from(password, 'utf16le'));
  const block = Buffer.concat([hash, Buffer.alloc(44)]).map((byte) => byte ^ 0x36);
  const cipher = createCipheriv('aes-128-cbc', sha1(block).subarray(0, 16), Buffer.alloc(16));
  const plain = Buffer.from(`${text}\0`, 'utf16le');
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  const header = Buffer.alloc(24);
  for (const [index, value] of [0xeced0000, 20, plain.length, body.length, 0x660e, 0].entries())
    header.writeUInt32LE(value, index * 4);
  return Buffer.concat([header, body, Buffer.alloc(8)]);
}

describe('media audit of a medium of Configuration Manager', () => {
  const password = 'Summer2026';
  const guid = '{0F8A7C4E-1111-4222-8333-944455566677}';

  beforeAll(() => {
    const subject = ['-subj', '/CN=Media of SITE', '-days', '3650'];
    const [key, pem, pfx] = ['cm.key', 'cm.pem', 'cm.pfx'].map(at) as [string, string, string];
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject, '-keyout', key, '-out', pem],
      { stdio: 'ignore' },
    );
    const pass = ['-passout', `pass:${guid.slice(0, 31)}`];
    execFileSync('openssl', ['pkcs12', '-export', '-inkey', key, '-in', pem, '-out', pfx, ...pass]);
    const values = {
      SMSTSMP: 'http://cm.example.com',
      _SMSTSMediaType: 'FullMedia',
      _SMSMediaGuid: guid,
      _SMSTSMediaPFX: readFileSync(pfx).toString('hex').toUpperCase(),
      _SMSTSx64UnknownMachineGUID: guid,
      LocalAdminPassword: 'a value that is never shown',
      Building: 'North',
    };
    const vars = Object.entries(values).map(([name, value]) => `<var name="${name}"><![CDATA[${value}]]></var>`);
    const xml = `<?xml version="1.0"?><MediaVarList Version="4.00">${vars.join('')}</MediaVarList>`;
    mkdirSync(at('cm/SMS/data'), { recursive: true });
    writeFileSync(at('cm/SMS/data/variables.dat'), configMgrFile(xml, password));
    const policy = `<sequence><variable name="DomainPassword" property="p">x</variable><v>89130000${'AB'.repeat(60)}</v></sequence>`;
    writeFileSync(at('cm/SMS/data/policy.xml'), configMgrFile(policy, password));
    const ini = (required: string) => `[MediaInfo]\r\nMediaType=FullMedia\r\nPasswordRequired=${required}\r\n`;
    writeFileSync(at('cm/SMS/data/TsmBootstrap.ini'), ini('true'));
    execFileSync('xorriso', ['-as', 'mkisofs', '-o', at('cm.iso'), '-J', '-r', at('cm')], { stdio: 'ignore' });
    mkdirSync(at('naked/sms/data'), { recursive: true });
    writeFileSync(at('naked/sms/data/variables.dat'), configMgrFile(xml, 'unknown to us'));
    writeFileSync(at('naked/sms/data/TsmBootstrap.ini'), ini('false'));
  });

  it.each(['cm', 'cm.iso'])('names what its password opens (%s)', async (name) => {
    const found = await judge(at(name), password);
    expect(found).toMatchObject({ maker: 'configmgr', level: 'password', opened: true });
    expect(of(found, 'password')[0]).toMatch(/^serious: at most 2\^\d+ guesses: \d+ seconds/);
    expect(of(found, 'variable LocalAdminPassword')[0]).toMatch(/^serious/);
    expect(of(found, 'variable Building')[0]).toMatch(/^note/);
    expect(of(found, 'management point')[0]).toContain('http://cm.example.com');
    expect(of(found, 'media certificate').join()).toMatch(/CN=Media of SITE.*RSA with 2048 bits/);
    expect(of(found, 'policy.xml').join()).toMatch(/1 passwords of steps/);
    expect(of(found, 'policy.xml').join()).toMatch(/1 values are encoded/);
    expect(JSON.stringify(found)).not.toContain('never shown');
  });

  it('judges a single file', async () => {
    const found = await judge(at('cm/SMS/data/variables.dat'), password);
    expect(of(found, 'derivation')).toHaveLength(1);
    await expect(judge(at('cm/SMS/data/variables.dat'), 'wrong')).rejects.toMatchObject({ code: 'BW-TRUST-091' });
  });

  it('reports one without a password as unprotected, and tries none', async () => {
    const found = await judge(at('naked'), 'never used');
    expect(found).toMatchObject({ level: 'unprotected', opened: false });
    expect(of(found, 'password')[0]).toMatch(/^serious: the medium is unprotected/);
  });

  it('says of anything else that it is neither', async () => {
    writeFileSync(at('text'), 'nothing of the kind');
    await expect(judge(at('text'))).rejects.toMatchObject({ code: 'BW-MEDIA-011' });
    await expect(judge(at('nowhere'))).rejects.toMatchObject({ code: 'BW-HOST-007' });
  });
});
