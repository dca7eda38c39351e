import { mkdir } from '../../host/files.ts';
import { addressOf } from '../../host/name-service.ts';
import { run } from '../../host/process.ts';
import { randomId } from '../../host/random.ts';
import { BootwrightError } from '../../model/error.ts';
import type { NetworkFolder } from '../../model/machine.ts';
import { readValue } from './sysfs.ts';

const seconds = 60;

/**
 * `hard`: a server that goes away is waited for, instead of an error in the middle of a file. Nothing on a share is to
 * be run or believed.
 */
const common = ['hard', 'nosuid', 'nodev', 'noexec'];

/**
 * Newest first, but not 4.2: with it Linux 6.12 got an input/output error from Ganesha 4.3 for the first bytes of a file it
 * had written whole, and one large file wants nothing of what 4.2 adds. Without a lock daemon of our own, version 3 does
 * without locks: we are the only writer.
 */
const nfsVersions = ['vers=4.1', 'vers=4.0', 'vers=3,nolock,proto=tcp,mountproto=tcp'];

/** Mounts below `<runFolder>/network`. @throws BW-STEP-114 */
export async function connectFolder(folder: NetworkFolder, runFolder: string): Promise<string> {
  const place = `${runFolder}/network/${randomId()}`;
  await mkdir(place, { recursive: true });
  try {
    if (folder.protocol === 'smb') await mountSmb(folder, place);
    else await mountNfs(folder, place);
    return place;
  } catch (cause) {
    await run('rmdir', [place], { accept: [1] });
    const reason = cause instanceof Error ? cause.message : String(cause);
    const secret = folder.password ?? '';
    throw new BootwrightError(
      'BW-STEP-114',
      `${nameOf(folder)} cannot be connected: ${secret === '' ? reason : reason.replaceAll(secret, '********')}`,
      { cause },
    );
  }
}

/** A server that is gone must not keep us: then the mount is taken out of sight, and ends when its last file does. */
export async function disconnectFolder(place: string, runFolder: string): Promise<void> {
  if (!place.startsWith(`${runFolder}/network/`)) return;
  if (!(await isMounted(place))) return;
  await run('umount', [place], { timeoutMilliseconds: seconds * 1000 }).catch(() => run('umount', ['-f', '-l', place]));
  await run('rmdir', [place], { accept: [1] });
}

async function isMounted(place: string): Promise<boolean> {
  return (await readValue('/proc/self/mounts')).split('\n').some((line) => line.split(' ')[1] === place);
}

async function mountSmb({ server, port, path, account, password }: NetworkFolder, place: string): Promise<void> {
  const options = [
    ...common,
    ...['iocharset=utf8', 'file_mode=0600', 'dir_mode=0700'],
    ...(port === undefined ? [] : [`port=${port}`]),
    ...(account === undefined ? ['guest'] : accountOptions(account)),
  ];
  await run('mount.cifs', [`//${withoutBrackets(server)}${path}`, place, '-o', options.join(',')], {
    timeoutMilliseconds: seconds * 1000,
    // Read from this descriptor: neither the arguments nor the environment hold it.
    environment: { PASSWD_FD: '0' },
    // cifs-utils 7 takes a line feed at the end for a part of the password.
    input: password ?? '',
  });
}

function accountOptions(account: string): string[] {
  // mount.cifs takes these for separators.
  if (/[,%\n]/.test(account)) throw new Error('the name of an account cannot hold a comma or a percent sign');
  const [, domain, name] = /^([^\\/]+)[\\/](.+)$/.exec(account) ?? [];
  return domain === undefined ? [`username=${account}`] : [`username=${name}`, `domain=${domain}`];
}

async function mountNfs({ server, port, path }: NetworkFolder, place: string): Promise<void> {
  // The kernel does all but the asking for names, which is what the helper of nfs-common is for.
  const address = await addressOf(withoutBrackets(server));
  const host = address.includes(':') ? `[${address}]` : address;
  let first: unknown;
  for (const version of nfsVersions) {
    const options = [...common, version, `addr=${address}`, ...(port === undefined ? [] : [`port=${port}`])];
    try {
      await run('mount', ['-i', '-t', 'nfs', '-o', options.join(','), `${host}:${path}`, place], {
        timeoutMilliseconds: seconds * 1000,
      });
      return;
    } catch (error) {
      first ??= error;
    }
  }
  throw first;
}

/** An IPv6 address stands in brackets where a port may follow. */
function withoutBrackets(server: string): string {
  return server.replace(/^\[|\]$/g, '');
}

function nameOf({ protocol, server, path }: NetworkFolder): string {
  return protocol === 'smb' ? `//${server}${path}` : `${server}:${path}`;
}
