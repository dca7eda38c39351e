import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectTo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Another system behind a real sshd: this one's files as they are, with everything that is written kept in memory of a
 * namespace, own accounts and an own `/run`. Nothing of it outlives `stop`. What it has no part in is systemd itself: its
 * `systemctl` writes down what it was asked.
 */
export class SshMachine {
  readonly folder: string;
  readonly #child: ChildProcess;

  private constructor(folder: string, child: ChildProcess) {
    this.folder = folder;
    this.#child = child;
  }

  /** The folder of an `ssh` that knows this machine as `lab-01`: to be the first in PATH. */
  get programs(): string {
    return join(this.folder, 'programs');
  }

  /** What a command prints there. */
  run(command: string, user = 'root'): string {
    return execFileSync(join(this.programs, 'ssh'), [`${user}@lab-01`, command], { encoding: 'utf8' });
  }

  static async start({ systemd = true }: { readonly systemd?: boolean } = {}): Promise<SshMachine> {
    const folder = mkdtempSync(join(tmpdir(), 'ssh-machine-'));
    const sshd = obtainSshd(folder);
    for (const name of ['host', 'user'])
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name)]);
    const port = await freePort();
    writeFileSync(join(folder, 'sshd_config'), configuration(folder, port));
    writeFileSync(join(folder, 'ssh_config'), clientConfiguration(folder, port));
    mkdirSync(join(folder, 'programs'));
    const ssh = `#!/bin/sh\nexec /usr/bin/ssh -F '${folder}/ssh_config' "$@"\n`;
    writeFileSync(join(folder, 'programs', 'ssh'), ssh);
    chmodSync(join(folder, 'programs', 'ssh'), 0o755);
    writeFileSync(join(folder, 'start'), startScript(folder, sshd, systemd));
    const namespaces = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
    const child = spawn('unshare', [...namespaces, 'sh', '-e', join(folder, 'start')], { stdio: 'inherit' });
    const machine = new SshMachine(folder, child);
    try {
      await answers(port, child);
      return machine;
    } catch (error) {
      await machine.stop();
      throw error;
    }
  }

  /** SIGTERM is nothing to unshare while its child runs; the child goes with it. */
  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('close', resolve));
    if (this.#child.exitCode === null && this.#child.kill('SIGKILL')) await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The host's own, or the one of its package, unpacked: it is not installed for a test. */
function obtainSshd(folder: string): string {
  if (existsSync('/usr/sbin/sshd')) return '/usr/sbin/sshd';
  const quiet = { cwd: folder, stdio: 'ignore' as const };
  execFileSync('sh', ['-c', 'apt-get -q download openssh-server && dpkg-deb -x openssh-server_*.deb package'], quiet);
  return join(folder, 'package/usr/sbin/sshd');
}

function configuration(folder: string, port: number): string {
  return [
    ...['ListenAddress 127.0.0.1', `Port ${port}`, `HostKey ${folder}/host`, 'PidFile none', 'UsePAM no'],
    ...[`AuthorizedKeysFile ${folder}/user.pub`, 'StrictModes no', 'AuthenticationMethods publickey', ''],
  ].join('\n');
}

function clientConfiguration(folder: string, port: number): string {
  const hostKey = execFileSync('cat', [join(folder, 'host.pub')], { encoding: 'utf8' });
  writeFileSync(join(folder, 'known_hosts'), `lab-01 ${hostKey}`);
  return [
    ...['Host lab-01', 'HostName 127.0.0.1', `Port ${port}`, 'HostKeyAlias lab-01', `IdentityFile ${folder}/user`],
    ...['IdentitiesOnly yes', 'BatchMode yes', 'StrictHostKeyChecking yes', `UserKnownHostsFile ${folder}/known_hosts`],
    '',
  ].join('\n');
}

function startScript(folder: string, sshd: string, systemd: boolean): string {
  return `
mount -t tmpfs -o mode=0755 machine /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay machine -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/root
cd /mnt/root
for part in proc dev sys; do mount --rbind /$part $part; done
mount -t tmpfs -o mode=0755 run run
mount -t tmpfs -o mode=1777 temporary tmp
mkdir -p '.${folder}'
mount --bind '${folder}' '.${folder}'
mkdir -p run/sshd var/empty ${systemd ? 'run/systemd/system' : ''}
grep -q '^sshd:' etc/passwd || echo 'sshd:x:64998:65534::/run/sshd:/usr/sbin/nologin' >>etc/passwd
echo 'somebody:x:64999:65534::/tmp:/bin/sh' >>etc/passwd
sed -i 's/^root:[^:]*:/root:*:/' etc/shadow
echo 'somebody:*:19000::::::' >>etc/shadow
rm -f usr/bin/systemctl
printf '#!/bin/sh\\necho "$*" >>/run/systemctl.log\\n' >usr/bin/systemctl
chmod 755 usr/bin/systemctl
chmod 755 '.${folder}'
exec chroot . '${sshd}' -D -e -f '${folder}/sshd_config' 2>'${folder}/sshd.log'
`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function answers(port: number, child: ChildProcess): Promise<void> {
  for (let left = 200; left > 0; left -= 1) {
    if (child.exitCode !== null) throw new Error(`sshd ended with ${child.exitCode}`);
    const isThere = await new Promise<boolean>((resolve) => {
      const socket = connectTo(port, '127.0.0.1', () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (isThere) return;
    await sleep(50);
  }
  throw new Error('sshd does not answer');
}
