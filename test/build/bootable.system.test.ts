import { execFileSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bootable } from '../../media/bootable/kind.ts';
import { writeMedium } from '../../src/build/create.ts';
import { inspectMedium } from '../../src/build/medium/inspect.ts';
import { verifyMedium } from '../../src/build/medium/verify.ts';
import { prepareMedium } from '../../src/build/order/prepare.ts';
import type { BootableRequest } from '../../src/build/order/request.ts';
import type { BoundSettings } from '../../src/model/bootable.ts';
import { silentProgress } from '../../src/model/progress.ts';
import { knownAuthority, siteAuthority } from '../../src/server/certificates.ts';
import { readPublicKeys } from '../../src/trust/keys.ts';
import { unseal } from '../../src/trust/seal.ts';
import { type MediumSite, mediumSite } from './medium-site.ts';

let site: MediumSite;
beforeAll(async () => {
  site = await mediumSite();
});
afterAll(() => site.remove());

const request = (changes: Partial<BootableRequest> = {}): BootableRequest => ({
  ...{ kind: bootable, siteFolder: site.folder, output: join(site.root, 'bootable.iso'), force: true },
  servers: [{ url: 'https://192.0.2.10:8443', subnets: ['10.1.0.0/16'] }],
  ...{ unknownComputers: false, prestart: 'true', now: new Date('2026-01-01T00:00:00Z') },
  authority: {
    peek: () => knownAuthority(site.folder),
    make: async (name, at) => (await siteAuthority(site.folder, name, at)).certificate,
  },
  ...changes,
});

const make = async (changes: Partial<BootableRequest> = {}) =>
  writeMedium(await prepareMedium(request(changes), silentProgress), { progress: silentProgress });

function extract(iso: string, path: string): Buffer {
  return execFileSync('isoinfo', ['-R', '-i', iso, '-x', `/${path}`], { maxBuffer: 1 << 26 });
}

describe('a bootable medium', () => {
  it('makes the authority of the site when it is wanted, and not before', async () => {
    await prepareMedium(request(), silentProgress);
    expect(await readdir(join(site.folder, 'keys'))).not.toContain('ca.pem');
    const { file } = await make();
    const brought = JSON.parse(String(extract(file, 'bootwright/policy.json'))) as BoundSettings;
    expect(brought.authority).toBe(await readFile(join(site.folder, 'keys', 'ca.pem'), 'utf8'));
    expect(brought).toMatchObject({
      ...{ format: 'bootwright-bootable/1', unknownComputers: false, prestart: { command: 'true' } },
      servers: [{ url: 'https://192.0.2.10:8443', subnets: ['10.1.0.0/16'] }],
    });
    expect((await make()).id).toBe((await inspectMedium(file)).facts.id);
  });

  it('is small, verified to the last byte, and says what it is', async () => {
    const about = { author: 'Ann', version: '3', comment: 'For the lab' };
    const { file, size } = await make({ about });
    expect(size).toBeLessThan(6 << 20);
    const { findings } = await verifyMedium(file, await readPublicKeys(site.folder), silentProgress);
    expect(findings).toEqual([]);
    const found = await inspectMedium(file);
    expect(found).toMatchObject({ facts: { kind: 'bootable', about }, content: [] });
    expect(found.policy).toMatchObject({ servers: ['https://192.0.2.10:8443 (first for 10.1.0.0/16)'] });
  });

  it('keeps everything but the boot environment to itself behind a password', async () => {
    const variables = { AdminPassword: 'hunter2-hunter2' };
    const { file } = await make({ variables, password: 'open sesame' });
    const image = await readFile(file);
    for (const text of ['192.0.2.10', 'hunter2-hunter2', 'BEGIN CERTIFICATE']) expect(image.includes(text)).toBe(false);
    const sealed = extract(file, 'bootwright/policy.sealed');
    const brought = JSON.parse(Buffer.from(await unseal(sealed, 'open sesame')).toString()) as BoundSettings;
    expect(brought.variables).toEqual([{ name: 'AdminPassword', value: 'hunter2-hunter2', hidden: true }]);
    expect((await inspectMedium(file)).policy).toBeUndefined();
  });

  it.each<[string, string, Partial<BootableRequest>]>([
    ['a hidden variable and no password', 'BW-MEDIA-001', { variables: { AdminPassword: 'x' } }],
    ['a secret in a plain variable and no password', 'BW-BOOT-060', { variables: { Source: 'https://me:hunter2@h/' } }],
    [
      'a secret in its prestart command and no password',
      'BW-BOOT-060',
      { prestart: 'curl -u a --password=x https://h' },
    ],
    ['no server', 'BW-MEDIA-030', { servers: [] }],
    ['a prestart package that is not there', 'BW-CONTENT-001', { prestartPackage: 'nothing' }],
    ['a date in the past', 'BW-MEDIA-009', { validTo: '2020-01-01' }],
    ['a date that is none', 'BW-SITE-009', { validTo: 'soon' }],
    ['a variable that cannot be one', 'BW-SITE-008', { variables: { '%': 'x' } }],
    ['no boot image', 'BW-MEDIA-003', { bootImage: 'other' }],
  ])('is refused: %s', async (_, code, changes) => {
    await expect(prepareMedium(request(changes), silentProgress)).rejects.toMatchObject({ code });
  });

  it('brings the files of its prestart command', async () => {
    const { file } = await make({ prestart: 'sh setup.sh', prestartPackage: 'tools' });
    const brought = JSON.parse(String(extract(file, 'bootwright/policy.json'))) as BoundSettings;
    expect(brought.prestart).toEqual({ command: 'sh setup.sh', folder: 'bootwright/content/tools' });
    expect(String(extract(file, 'bootwright/content/tools/setup.sh'))).toBe('#!/bin/sh\n');
    expect((await inspectMedium(file)).content.map(({ id }) => id)).toEqual(['tools']);
  });

  it('warns when nobody is there to choose', async () => {
    const { plan } = await prepareMedium(request({ unattended: true }), silentProgress);
    expect(plan.warnings.join()).toContain('SMSTSPreferredAdvertID');
    const named = { unattended: true, variables: { smstspreferredadvertid: 'L1' } };
    expect((await prepareMedium(request(named), silentProgress)).plan.warnings.join()).not.toContain('SMSTS');
  });
});
