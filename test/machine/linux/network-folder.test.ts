import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectFolder } from '../../../src/machine/linux/network-folder.ts';
import type { NetworkFolder } from '../../../src/model/machine.ts';

/** Writes down what a program is given, in place of the kernel, which lets nobody look. */
let folder: string;
const path = process.env['PATH'];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'network-'));
  process.env['PATH'] = `${folder}:${path}`;
});
afterEach(() => {
  process.env['PATH'] = path;
  rmSync(folder, { recursive: true, force: true });
});

function program(name: string, end = 'exit 0'): void {
  const file = join(folder, name);
  writeFileSync(
    file,
    `#!/bin/sh\nprintf '%s\\n' "$@" >> ${folder}/arguments\nenv > ${folder}/environment\ncat > ${folder}/input\n${end}\n`,
  );
  chmodSync(file, 0o755);
}
const given = (name: string): string => readFileSync(join(folder, name), 'utf8');

const share: NetworkFolder = {
  ...{ protocol: 'smb', server: 'files.example.org', path: '/images/lab' },
  ...{ account: 'LAB\\imaging', password: 'pa,ss wörd' },
};

describe('a share', () => {
  it('gets its password through a descriptor only, and is waited for when it goes away', async () => {
    program('mount.cifs');
    const place = await connectFolder(share, folder);
    expect(given('input')).toBe('pa,ss wörd');
    expect(given('arguments') + given('environment')).not.toContain('pa,ss');
    expect(given('environment')).toMatch(/^PASSWD_FD=0$/m);
    const [unc, at, , options = ''] = given('arguments').split('\n');
    expect([unc, at]).toEqual(['//files.example.org/images/lab', place]);
    expect(options.split(',')).toEqual(expect.arrayContaining(['hard', 'username=imaging', 'domain=LAB', 'noexec']));
  });

  it('without an account is opened as a guest, at another port, by an IPv6 address', async () => {
    program('mount.cifs');
    await connectFolder({ protocol: 'smb', server: '[2001:db8::1]', port: 4450, path: '/images' }, folder);
    expect(given('arguments')).toMatch(/^\/\/2001:db8::1\/images\n/);
    expect(given('arguments')).toMatch(/guest/);
    expect(given('arguments')).toMatch(/port=4450/);
  });

  it('that is refused is named, without its password', async () => {
    program('mount.cifs', `echo "mount error(13): Permission denied for $(cat ${folder}/input)" >&2; exit 32`);
    const failed = connectFolder(share, folder);
    await expect(failed).rejects.toMatchObject({
      code: 'BW-STEP-114',
      message: expect.stringMatching(/files.example.org\/images\/lab.*Permission denied/),
    });
    await expect(failed).rejects.not.toMatchObject({ message: expect.stringContaining('pa,ss') });
  });

  it('with an account that could be taken for options is refused', async () => {
    program('mount.cifs');
    await expect(connectFolder({ ...share, account: 'a,uid=0' }, folder)).rejects.toThrow(/comma/);
  });
});

it('an export is tried from the newest version on, by address, because the kernel asks no name server', async () => {
  program('mount', 'case "$*" in *vers=4.0*) exit 0 ;; *) exit 32 ;; esac');
  await connectFolder({ protocol: 'nfs', server: 'localhost', path: '/srv/images' }, folder);
  const versions = [...given('arguments').matchAll(/vers=([\d.]+)/g)].map(([, version]) => version);
  expect(versions).toEqual(['4.1', '4.0']);
  expect(given('arguments')).toMatch(/^(127\.0\.0\.1|\[::1\]):\/srv\/images$/m);
});
