import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stateVariable } from '../../src/engine/state.ts';
import type { SimulatedMachine } from '../../src/machine/simulated/machine.ts';
import type { Step } from '../../src/model/sequence.ts';
import { allowUpload } from '../../src/server/allow-upload.ts';
import { findStepType, stepTypes } from '../../src/steps/index.ts';
import { run, step, type TestRun } from '../engine/harness.ts';
import { type Bench, makeOddTree, openBench, sh } from '../machine/linux/fixtures.ts';
import { withServer } from '../server/serving.ts';

let bench: Bench;
let reference: string;
beforeEach(async () => {
  bench = openBench();
  reference = bench.disk(400);
  await bench.machine.partition(reference, {
    style: 'gpt',
    partitions: [
      { name: 'boot', type: 'bios-boot', sizeBytes: 2 ** 20 },
      { name: 'root', type: 'linux', sizeBytes: 200 * 2 ** 20 },
      { name: 'data', type: 'linux', sizeBytes: 100 * 2 ** 20 },
    ],
  });
  const other = bench.disk(300);
  await bench.machine.partition(other, {
    style: 'gpt',
    partitions: [{ name: 'images', type: 'linux', sizeBytes: 290 * 2 ** 20 }],
  });
  await bench.machine.format(`${other}p1`, 'ext4', 'IMAGES');
});
afterEach(() => bench.close());

const make = (name: string, settings: Step['settings'] = {}): Step => {
  const type = findStepType(name)!;
  return step(name, { type: type.type, settings, environments: type.environments });
};

function start(steps: Step[], content?: string): Promise<TestRun> {
  return run(steps, {
    types: stepTypes,
    machine: bench.machine as unknown as SimulatedMachine,
    run: { id: '0123456789abcdef', mediumId: 'medium', agent: { node: process.execPath, program: '/agent' } },
    ...(content === undefined
      ? {}
      : {
          content: async (id) => ({ id, kind: 'os-image', name: id, file: '', size: 1, sha256: '', path: content }),
        }),
  });
}

/** A used Debian machine, with a link that an absolute path would follow out of it. */
async function fillLinux(outside: string): Promise<void> {
  await bench.machine.format(`${reference}p2`, 'ext4', 'root');
  await bench.machine.format(`${reference}p3`, 'ext4', 'data');
  const root = await bench.machine.mount(`${reference}p2`);
  makeOddTree(root);
  const file = (path: string, text: string): void => {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  file('usr/lib/os-release', 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\n');
  file('etc/machine-id', '0123456789abcdef0123456789abcdef\n');
  file('etc/passwd', 'root:x:0:0::/root:/bin/bash\nanna:x:1000:1000::/home/anna:/bin/bash\n');
  file('etc/fstab', '/var/room/swap none swap sw 0 0\n');
  file('var/room/swap', 'what was in memory');
  file('etc/ssh/ssh_host_ed25519_key', 'shared');
  file('etc/ssh/ssh_host_ed25519_key.pub', 'shared');
  file('etc/ssh/sshd_config', 'stays');
  file('usr/sbin/sshd', '');
  file('usr/bin/ssh-keygen', '');
  mkdirSync(join(root, 'etc/systemd/system'), { recursive: true });
  file('root/.bash_history', 'mysql -p secret');
  file('home/anna/.bash_history', 'ls');
  file('home/anna/notes', 'stays');
  file('var/log/apt/history.log', 'apt install');
  file('var/log/wtmp', 'logins');
  sh('chown', '0:43', join(root, 'var/log/wtmp'));
  sh('chmod', '664', join(root, 'var/log/wtmp'));
  file('var/log/journal/0123456789abcdef0123456789abcdef/system.journal', 'journal');
  file('var/lib/cloud/instance/id', 'i-123');
  file('var/lib/cloud/seed/nocloud/user-data', 'stays');
  file('etc/udev/rules.d/70-persistent-net.rules', 'eth0');
  file('var/lib/systemd/random-seed', 'seed');
  file('_SMSTaskSequence/state.json', '{}');
  file('tmp/rubbish', 'x');
  file('swapfile', 'x'.repeat(1000));
  mkdirSync(join(root, 'var/lib/dhcp'), { recursive: true });
  sh('ln', '-s', outside, join(root, 'var/lib/dhclient'));
  // What a plain copy loses: an ACL with another user in it, and an attribute.
  sh('python3', '-c', xattrs, join(root, 'usr/lib/first'));
  const data = await bench.machine.mount(`${reference}p3`);
  writeFileSync(join(data, 'ledger'), 'numbers\n'.repeat(1000));
  await bench.machine.close();
}

const xattrs = `import os, struct, sys
entry = lambda tag, rights, who: struct.pack('<HHI', tag, rights, who)
nobody = 0xffffffff
acl = struct.pack('<I', 2) + entry(1, 6, nobody) + entry(2, 4, 1000) + entry(4, 4, nobody) + entry(16, 4, nobody) + entry(32, 0, nobody)
os.setxattr(sys.argv[1], b'system.posix_acl_access', acl)
os.setxattr(sys.argv[1], b'user.note', b'hello')
`;
const listXattrs = 'import os, sys; print(",".join(sorted(os.listxattr(sys.argv[1]))))';

/** Writes or reads what a plain copy of NTFS loses, by the extended attributes ntfs-3g shows it with. */
const ntfsOnly = `import json, os, struct, sys
root = sys.argv[2]
file, twin, folder, link = (root + '/Users/' + name for name in ('first', 'twin', 'Protected', 'junction'))
put = lambda path, name, value: os.setxattr(path, name, value, follow_symlinks=False)
get = lambda path, name: os.getxattr(path, name, follow_symlinks=False).hex()
sid = lambda *parts: struct.pack('<BB6s', 1, len(parts), (5).to_bytes(6, 'big')) + struct.pack('<%dI' % len(parts), *parts)
def descriptor(who):
    ace = struct.pack('<BBHI', 0, 0, 8 + len(who), 0x1f01ff) + who
    acl = struct.pack('<BBHHH', 2, 0, 8 + len(ace), 1, 0) + ace
    owner, group = sid(21, 11, 22, 33, 1001), sid(32, 544)
    at = 20
    return struct.pack('<BBHIIII', 1, 0, 0x8004, at, at + len(owner), 0, at + len(owner) + len(group)) + owner + group + acl
if sys.argv[1] == 'write':
    os.makedirs(folder)
    os.mkdir(link)
    open(file, 'w').write('plain words')
    os.link(file, twin)
    put(file, 'user.words', b'hidden words')
    put(file, 'system.ntfs_acl', descriptor(sid(21, 11, 22, 33, 1001)))
    put(folder, 'system.ntfs_acl', descriptor(sid(32, 545)))
    put(folder, 'system.ntfs_dos_name', b'PROTEC~1')
    put(file, 'system.ntfs_attrib_be', struct.pack('>I', 0x26))
    put(file, 'system.ntfs_times_be', struct.pack('>QQQ', *(116444736000000000 + day * 864000000000 + 1234567 for day in (9000, 9500, 9900))))
    name = '\\\\??\\\\C:\\\\Users\\\\Protected'.encode('utf-16-le')
    shown = 'C:\\\\Users\\\\Protected'.encode('utf-16-le')
    paths = name + bytes(2) + shown + bytes(2)
    data = struct.pack('<HHHH', 0, len(name), len(name) + 2, len(shown)) + paths
    put(link, 'system.ntfs_reparse_data', struct.pack('<IHH', 0xa0000003, len(data), 0) + data)
else:
    print(json.dumps({
        'text': open(file).read(), 'stream': os.getxattr(file, 'user.words').decode(), 'links': os.stat(twin).st_nlink,
        'descriptors': [get(path, 'system.ntfs_acl') for path in (file, folder)],
        'short': os.getxattr(folder, 'system.ntfs_dos_name').decode(), 'attributes': get(file, 'system.ntfs_attrib_be'),
        'times': get(file, 'system.ntfs_times_be')[:32], 'junction': get(link, 'system.ntfs_reparse_data'),
    }))
`;

const whole = (settings: Step['settings'] = {}): Step[] => [
  make('prepare-for-capture', { alsoRemove: ['/etc/vendor/*.id'] }),
  make('capture-operating-system-image', {
    ...{
      destination: 'LABEL=IMAGES/2026/debian.wim',
      imageName: 'Lab',
      imageDescription: 'For the lab',
      imageVersion: '7',
    },
    ...{ compression: 'fast', ...settings },
  }),
];

describe('a Linux machine', () => {
  let outside: string;
  beforeEach(async () => {
    outside = join(bench.folder, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'mine.leases'), 'not of that system');
    await fillLinux(outside);
  });

  it('becomes an image, which becomes a machine again', async () => {
    const { outcome, events } = await start(whole());
    expect(outcome).toMatchObject({ state: 'completed' });
    expect(readFileSync(join(outside, 'mine.leases'), 'utf8')).toBe('not of that system');
    const images = await bench.machine.mount(sh('blkid', '-L', 'IMAGES').trim());
    const wim = join(images, '2026/debian.wim');
    expect(sh('ls', '-A', join(images, '2026')).trim()).toBe('debian.wim');
    const info = sh('wimlib-imagex', 'info', wim);
    expect(info).toMatch(/Image Count: +2/);
    expect(info).toMatch(/Name: +Lab\n/);
    expect(info).toMatch(/Description: +For the lab/);
    expect(sh('wimlib-imagex', 'info', wim, '--xml').replaceAll('\0', '')).toContain(
      '<BOOTWRIGHT><VERSION>7</VERSION>',
    );
    expect(info).toContain('Integrity info');
    // The step that applies images compares every path, owner and mode, and files by their hashes.
    const target = bench.disk(300);
    await bench.machine.partition(target, {
      style: 'gpt',
      partitions: [{ name: 'new', type: 'linux', sizeBytes: 280 * 2 ** 20 }],
    });
    await bench.machine.format(`${target}p1`, 'ext4', 'new');
    const applied = await start(
      [make('apply-operating-system-image', { image: 'debian', volume: `${target}p1` })],
      wim,
    );
    expect(applied.outcome).toMatchObject({ state: 'completed' });
    const root = await bench.machine.mount(stateVariable(applied.outcome.saved, 'OSDTargetSystemDrive')!);
    const text = (path: string): string => readFileSync(join(root, path), 'utf8');
    expect(text('etc/machine-id')).toBe('');
    expect(text('etc/systemd/system/bootwright-ssh-keys.service')).toContain('ssh-keygen -A');
    const unit = join(bench.folder, 'bootwright-ssh-keys.service');
    writeFileSync(unit, text('etc/systemd/system/bootwright-ssh-keys.service'));
    expect(sh('systemd-analyze', 'verify', '--man=no', unit)).toBe('');
    expect([
      text('home/anna/notes'),
      text('etc/ssh/sshd_config'),
      text('var/lib/cloud/seed/nocloud/user-data'),
    ]).toEqual(['stays', 'stays', 'stays']);
    const gone = [
      ...['etc/ssh/ssh_host_ed25519_key', 'root/.bash_history', 'home/anna/.bash_history', 'var/log/apt/history.log'],
      ...['var/log/journal/0123456789abcdef0123456789abcdef', 'var/lib/cloud/instance', '_SMSTaskSequence'],
      ...['etc/udev/rules.d/70-persistent-net.rules', 'var/lib/systemd/random-seed', 'tmp/rubbish', 'swapfile'],
      'var/room/swap',
    ];
    expect(gone.filter((path) => existsSync(join(root, path)))).toEqual([]);
    expect(existsSync(join(root, 'var/log/apt'))).toBe(true);
    const { size, gid, mode } = statSync(join(root, 'var/log/wtmp'));
    expect({ size, gid, mode: mode & 0o777 }).toEqual({ size: 0, gid: 43, mode: 0o664 });
    expect(sh('getcap', join(root, 'usr/lib/capable'))).toContain('cap_net_raw=ep');
    expect(sh('python3', '-c', listXattrs, join(root, 'usr/lib/first')).trim()).toBe(
      'system.posix_acl_access,user.note',
    );
    expect(sh('readlink', join(root, 'usr/lib/dangling')).trim()).toBe('/nowhere/at all');
    expect(events.filter(({ type }) => type === 'step.progress').length).toBeGreaterThan(3);
  });

  it('is not captured over an image that is there, unless that is wanted', async () => {
    const device = sh('blkid', '-L', 'IMAGES').trim();
    const images = await bench.machine.mount(device);
    mkdirSync(join(images, '2026'));
    writeFileSync(join(images, '2026/debian.wim'), 'somebody needs this');
    const refused = await start(whole());
    expect(refused.outcome).toMatchObject({ state: 'failed', error: 'BW-STEP-116' });
    const again = await bench.machine.mount(device);
    expect(readFileSync(join(again, '2026/debian.wim'), 'utf8')).toBe('somebody needs this');
    const done = await start(whole({ overwrite: true }));
    expect(done.outcome).toMatchObject({ state: 'completed' });
    const after = await bench.machine.mount(device);
    expect(statSync(join(after, '2026/debian.wim')).size).toBeGreaterThan(10_000);
  });

  it.each([
    ['in the middle', '3M', 'BW-STEP-110'],
    ['from the start', '0', 'BW-STEP-111'],
  ])('leaves nothing under its name when the destination is full %s', async (_, room, error) => {
    const device = sh('blkid', '-L', 'IMAGES').trim();
    const images = await bench.machine.mount(device);
    sh('fallocate', '-l', room === '0' ? '1' : room, join(images, 'room'));
    sh('sh', '-c', 'head -c 400000000 /dev/zero > "$0/filler" 2>/dev/null || rm -f "$0/room"', images);
    if (room === '0') sh('sh', '-c', 'head -c 400000000 /dev/zero > "$0/more" 2>/dev/null || true', images);
    const { outcome } = await start(whole({ compression: 'none' }));
    expect(outcome).toMatchObject({ state: 'failed', error });
    const after = await bench.machine.mount(device);
    expect(sh('find', after, '-name', '*debian*').trim()).toBe('');
  });

  it.each([
    ['a Kerberos key', 'etc/krb5.keytab', 'x'],
    ['SSSD with a domain', 'etc/sssd/sssd.conf', '[domain/lab]\nid_provider = ad\n'],
    ['winbind', 'etc/samba/smb.conf', '[global]\n  security = ADS\n'],
  ])('with %s is a member of a domain, and refused before anything is changed', async (_, path, text) => {
    const root = await bench.machine.mount(`${reference}p2`);
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
    await bench.machine.close();
    const { outcome } = await start(whole());
    expect(outcome).toMatchObject({ state: 'failed', error: 'BW-STEP-112', message: expect.stringMatching(/domain/) });
    const after = await bench.machine.mount(`${reference}p2`);
    expect(readFileSync(join(after, 'etc/ssh/ssh_host_ed25519_key'), 'utf8')).toBe('shared');
  });

  it('is sent to a server, by way of the free space of its own volume', async () => {
    await withServer(async ({ folder, server, state }) => {
      const { token } = await allowUpload(state, 'lab', 1, new Date());
      const settings = {
        ...{ destination: `https://127.0.0.1:${server.port}/v1/captures/lab.wim`, password: token },
        authorities: readFileSync(join(folder, 'keys/ca.pem'), 'utf8'),
      };
      const { outcome } = await start(whole(settings));
      expect(outcome).toMatchObject({ state: 'completed' });
      const wim = join(folder, 'images/lab.wim');
      expect(sh('wimlib-imagex', 'verify', wim)).toContain('successfully');
      expect(sh('wimlib-imagex', 'dir', wim, '1')).not.toMatch(/_SMSTaskSequence|bash_history/);
      const root = await bench.machine.mount(`${reference}p2`);
      expect(existsSync(join(root, '_SMSTaskSequence/Capture'))).toBe(false);
    });
  });

  it('waits for a destination that does not answer for a while, and goes on', async () => {
    const image = await frozenDestination(3000, 60);
    expect(image.outcome).toMatchObject({ state: 'completed' });
    expect(sh('wimlib-imagex', 'verify', join(await imagesFolder(), '2026/debian.wim'))).toContain('successfully');
  });

  it('gives up when it stays away, and leaves nothing under the name', async () => {
    const image = await frozenDestination(40_000, 3);
    expect(image.outcome).toMatchObject({ state: 'failed', error: 'BW-STEP-115' });
    expect(sh('find', await imagesFolder(), '-name', 'debian.wim').trim()).toBe('');
  });

  const imagesFolder = (): Promise<string> => bench.machine.mount(sh('blkid', '-L', 'IMAGES').trim());

  /** The kernel holds back every write to the destination, from the middle of the capture on, as a dead server would. */
  async function frozenDestination(milliseconds: number, patienceSeconds: number): Promise<TestRun> {
    const captured = findStepType('capture-operating-system-image')!;
    const folder = await imagesFolder();
    let thawed: Promise<unknown> | undefined;
    const machine = new Proxy(bench.machine, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        if (name !== 'captureImage') return value.bind(target);
        return (request: Parameters<typeof target.captureImage>[0]) => {
          if (thawed === undefined) {
            sh('fsfreeze', '--freeze', folder);
            thawed = new Promise((resolve) => setTimeout(resolve, milliseconds)).then(() =>
              sh('fsfreeze', '--unfreeze', folder),
            );
          }
          return target.captureImage({ ...request, patienceSeconds });
        };
      },
    });
    const result = await run([step('Capture', { type: captured.type, settings: whole()[1]!.settings })], {
      types: stepTypes,
      machine: machine as unknown as SimulatedMachine,
    });
    await thawed;
    return result;
  }

  it('is not there when one byte of what was written reads back as another', async () => {
    const machine = new Proxy(bench.machine, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        if (name !== 'verifyImage') return value.bind(target);
        return (request: Parameters<typeof target.verifyImage>[0]) => {
          const bytes = readFileSync(request.file);
          bytes[Math.floor(bytes.length / 3)]! ^= 1;
          writeFileSync(request.file, bytes);
          return target.verifyImage(request);
        };
      },
    });
    const { type } = findStepType('capture-operating-system-image')!;
    const { outcome } = await run([step('Capture', { type, settings: whole()[1]!.settings })], {
      types: stepTypes,
      machine: machine as unknown as SimulatedMachine,
    });
    expect(outcome).toMatchObject({ state: 'failed', error: 'BW-STEP-113' });
    expect(sh('find', await imagesFolder(), '-name', '*debian*').trim()).toBe('');
  });

  it('is refused while somebody has it mounted', async () => {
    const place = join(bench.folder, 'in use');
    mkdirSync(place);
    sh('mount', `${reference}p3`, place);
    try {
      const { outcome } = await start(whole());
      expect(outcome).toMatchObject({ state: 'failed', error: 'BW-DISK-002', message: expect.stringContaining(place) });
    } finally {
      sh('umount', place);
    }
  });
});

describe('Windows', () => {
  const state = 'Windows/Setup/State/State.ini';
  const fill = async (text: string): Promise<void> => {
    await bench.machine.format(`${reference}p2`, 'ntfs', 'Windows');
    const root = await bench.machine.mount(`${reference}p2`);
    mkdirSync(join(root, 'Windows/System32'), { recursive: true });
    mkdirSync(join(root, 'Windows/Setup/State'), { recursive: true });
    writeFileSync(join(root, 'Windows/System32/ntoskrnl.exe'), 'kernel');
    writeFileSync(join(root, state), text);
    writeFileSync(join(root, 'pagefile.sys'), 'x'.repeat(100_000));
    const hide = 'import os, sys; os.setxattr(sys.argv[1], "system.ntfs_attrib_be", bytes([0, 0, 0, 0x22]))';
    sh('python3', '-c', hide, join(root, 'Windows/System32/ntoskrnl.exe'));
    await bench.machine.close();
  };

  it('is captured from its unmounted volume after Sysprep, without its page file', async () => {
    await fill('\uFEFF[State]\r\nImageState=IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE\r\n');
    const { outcome } = await start(whole());
    expect(outcome).toMatchObject({ state: 'completed' });
    const images = await bench.machine.mount(sh('blkid', '-L', 'IMAGES').trim());
    const listing = sh('wimlib-imagex', 'dir', join(images, '2026/debian.wim'), '1', '--detailed');
    expect(listing).toContain('/Windows/System32/ntoskrnl.exe');
    expect(listing).toMatch(/Security Descriptor|FILE_ATTRIBUTE_HIDDEN/);
    expect(listing).not.toContain('pagefile.sys');
  });

  it('keeps what only NTFS has: descriptors, streams, short names, attributes, times, links and reparse points', async () => {
    await fill('[State]\r\nImageState=IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE\r\n');
    const root = await bench.machine.mount(`${reference}p2`);
    sh('python3', '-c', ntfsOnly, 'write', root);
    const before = sh('python3', '-c', ntfsOnly, 'read', root);
    expect(JSON.parse(before)).toMatchObject({
      links: 2,
      stream: 'hidden words',
      junction: expect.stringMatching(/^030000a0/),
    });
    await bench.machine.close();
    const { outcome } = await start(whole());
    expect(outcome).toMatchObject({ state: 'completed' });
    const images = await bench.machine.mount(sh('blkid', '-L', 'IMAGES').trim());
    const target = bench.disk(300);
    await bench.machine.partition(target, {
      style: 'gpt',
      partitions: [{ name: 'new', type: 'windows', sizeBytes: 280 * 2 ** 20 }],
    });
    await bench.machine.format(`${target}p1`, 'ntfs', 'new');
    sh('wimlib-imagex', 'apply', join(images, '2026/debian.wim'), '1', `${target}p1`);
    // Read by ntfs-3g, which neither wrote the image nor applied it.
    const after = sh('python3', '-c', ntfsOnly, 'read', await bench.machine.mount(`${target}p1`));
    expect(JSON.parse(after)).toEqual(JSON.parse(before));
    await bench.machine.close();
    expect(sh('ntfsinfo', '--force', '--file', '/Users/first', `${target}p1`)).toContain("'words'");
  });

  it.each([
    ['that was started again', '[State]\r\nImageState=IMAGE_STATE_COMPLETE\r\n'],
    ['whose state cannot be read', ''],
  ])('%s is refused', async (_, text) => {
    await fill(text);
    const { outcome } = await start(whole());
    expect(outcome).toMatchObject({ state: 'failed', error: 'BW-STEP-112', message: expect.stringMatching(/Sysprep/) });
  });
});
