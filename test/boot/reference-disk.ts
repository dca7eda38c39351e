import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const mebibyte = 2 ** 20;
const start = 2 * mebibyte;
const rootBytes = 600 * mebibyte;

/** What a reference machine holds, and what has to be gone from its image. */
export const traces = [
  'etc/ssh/ssh_host_ed25519_key',
  'root/.bash_history',
  'var/lib/dhcp/dhclient.eth0.leases',
] as const;

/**
 * A disk with a small Linux system that is never started: enough to be captured in a minute, with data that does not
 * compress, so that a destination has to take all of it.
 */
export function makeReferenceDisk(file: string, dataMiB: number): void {
  const tree = `${file}.tree`;
  const put = (path: string, data: string | Uint8Array): void => {
    mkdirSync(join(tree, dirname(path)), { recursive: true });
    writeFileSync(join(tree, path), data);
  };
  put('usr/lib/os-release', 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\n');
  put('etc/passwd', 'root:x:0:0::/root:/bin/bash\n');
  put('etc/machine-id', '0123456789abcdef0123456789abcdef\n');
  put('etc/hostname', 'reference\n');
  put('srv/keep', 'stays\n');
  for (const path of traces) put(path, 'of this machine alone\n');
  for (let part = 0; part < dataMiB; part += 8)
    put(`srv/data/part${String(part).padStart(3, '0')}`, randomBytes(8 * mebibyte));
  writeFileSync(file, '');
  truncateSync(file, start + rootBytes + 2 * mebibyte);
  const table = ['label: gpt', `start=${start / 512}, size=${rootBytes / 512}, type=linux, name=root`, ''].join('\n');
  execFileSync('sfdisk', ['--quiet', file], { input: table });
  execFileSync('mke2fs', [
    ...['-q', '-t', 'ext4', '-L', 'root', '-E', `offset=${start},root_owner=0:0`, '-d', tree],
    ...[file, `${rootBytes / 1024}k`],
  ]);
  rmSync(tree, { recursive: true });
}
