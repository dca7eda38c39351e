import { BootwrightError } from '../../model/error.ts';
import { sshKeysUnitPath, sshKeysWantedBy } from '../ssh-keys-unit.ts';
import { findProgram, has, type LinuxTarget, readText, runInside, write } from './target.ts';

/** fstab, host name and everything that must not be the same on two machines. */
export async function writeIdentity(target: LinuxTarget, hostname: string | undefined): Promise<void> {
  await writeFstab(target);
  if (hostname !== undefined) await writeHostname(target, hostname);
  // Empty, not missing: systemd makes a new id silently, where a missing file means first boot with its questions.
  await write(target, '/etc/machine-id', '', 0o444);
  await target.machine.remove(`${target.root}/var/lib/dbus/machine-id`);
  await renewHostKeys(target);
}

/** Lines for what lies on this machine; entries of the image that name no local disk (tmpfs, NFS) stay. */
export async function writeFstab(target: LinuxTarget): Promise<void> {
  const kept = ((await readText(target, '/etc/fstab')) ?? '').split('\n').filter((line) => {
    const [source = '', place = ''] = line.trim().split(/\s+/);
    const isLocal = /^(UUID=|PARTUUID=|LABEL=|PARTLABEL=|\/dev\/)/.test(source);
    return source !== '' && !source.startsWith('#') && !isLocal && !['/', '/boot/efi', '/boot'].includes(place);
  });
  const { volume, esp } = target;
  const lines = [
    '# <file system> <mount point> <type> <options> <dump> <pass>',
    `UUID=${volume.uuid} / ${volume.fileSystem} errors=remount-ro 0 1`,
    ...(esp === undefined ? [] : [`UUID=${esp.uuid} /boot/efi vfat umask=0077 0 2`]),
    ...kept,
  ];
  await write(target, '/etc/fstab', `${lines.join('\n')}\n`);
}

async function writeHostname(target: LinuxTarget, hostname: string): Promise<void> {
  const [short = ''] = hostname.split('.');
  if (!/^(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*$/.test(hostname))
    throw new BootwrightError('BW-STEP-002', `"${hostname}" is not a host name: letters, digits and hyphens only.`);
  await write(target, '/etc/hostname', `${short}\n`);
  const hosts = ((await readText(target, '/etc/hosts')) ?? '127.0.0.1\tlocalhost\n')
    .split('\n')
    .filter((line) => !/^127\.0\.1\.1\s/.test(line))
    .join('\n')
    .trimEnd();
  const names = hostname === short ? short : `${hostname} ${short}`;
  await write(target, '/etc/hosts', `${hosts}\n127.0.1.1\t${names}\n`);
}

/** Machines made from one image must not share SSH host keys: whoever owns one could pose as all of them. */
async function renewHostKeys(target: LinuxTarget): Promise<void> {
  const keys = (await target.machine.list(`${target.root}/etc/ssh`)).filter((name) =>
    /^ssh_host_.*_key(\.pub)?$/.test(name),
  );
  // An image captured without keys has none to renew, and an sshd that would not start.
  if (keys.length === 0 && !(await has(target, '/usr/sbin/sshd'))) return;
  const program = await findProgram(target, 'ssh-keygen');
  if (program === undefined) return;
  for (const name of keys) await target.machine.remove(`${target.root}/etc/ssh/${name}`);
  await runInside(target, [program, '-A']);
  for (const path of [sshKeysWantedBy, sshKeysUnitPath]) await target.machine.remove(`${target.root}${path}`);
}
