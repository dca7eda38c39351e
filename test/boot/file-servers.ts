import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { say } from './lab.ts';

/** A real server of files, on a port of the loopback; `kill` is what a power cut does to it. */
export interface FileServer {
  /** On this machine's loopback. */
  readonly port: number;
  /** What a guest writes to. */
  readonly files: string;
  start(): Promise<void>;
  kill(): Promise<void>;
}

/** An account of this machine that nobody signs in with: Samba wants one behind each of its own. */
export const shareAccount = { name: 'daemon', password: 'pä ss,w0rd %1' } as const;

/** Samba with its folders, accounts and passwords below one folder, and the share `images`. Needs root. */
export async function sambaServer(folder: string): Promise<FileServer> {
  const files = join(folder, 'share');
  const state = join(folder, 'samba');
  for (const path of [files, join(state, 'private'), join(state, 'ncalrpc')]) mkdirSync(path, { recursive: true });
  const port = await freePort();
  const config = join(state, 'smb.conf');
  const settings = {
    ...{ workgroup: 'LAB', 'server role': 'standalone server', 'disable netbios': 'yes', 'load printers': 'no' },
    ...{ 'smb ports': port, interfaces: 'lo', 'bind interfaces only': 'yes', 'map to guest': 'never' },
    ...{ 'private dir': join(state, 'private'), 'state directory': state, 'cache directory': state },
    ...{ 'lock directory': state, 'pid directory': state, 'ncalrpc dir': join(state, 'ncalrpc') },
    'passdb backend': `tdbsam:${join(state, 'private', 'passdb.tdb')}`,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  const share = [`path = ${files}`, 'read only = no', `valid users = ${shareAccount.name}`, 'force user = root'];
  writeFileSync(config, ['[global]', ...lines, '[images]', ...share, ''].join('\n'));
  const { name, password } = shareAccount;
  execFileSync('smbpasswd', ['-c', config, '-s', '-a', name], { input: `${password}\n${password}\n`, stdio: 'pipe' });
  const args = ['--foreground', '--no-process-group', '--debug-stdout', '--debuglevel=1', '--configfile', config];
  return processServer('smbd', args, port, files);
}

/** NFS in user space, version 4 alone, without a port mapper. Needs root. */
export async function ganeshaServer(folder: string): Promise<FileServer> {
  const files = join(folder, 'export');
  const state = join(folder, 'ganesha');
  for (const path of [files, state]) mkdirSync(path, { recursive: true });
  const port = await freePort();
  const config = join(state, 'ganesha.conf');
  writeFileSync(
    config,
    `NFS_CORE_PARAM { NFS_Port = ${port}; Protocols = 4; Bind_addr = 127.0.0.1; Enable_NLM = false; Enable_RQUOTA = false; Plugins_Dir = "/usr/lib/x86_64-linux-gnu/ganesha"; }
NFSV4 { Grace_Period = 5; Lease_Lifetime = 5; RecoveryRoot = "${state}"; Minor_Versions = 1, 2; }
NFS_KRB5 { Active_krb5 = false; }
EXPORT { Export_Id = 1; Path = "${files}"; Pseudo = "/images"; Access_Type = RW; Squash = No_Root_Squash; SecType = sys; FSAL { Name = VFS; } }
`,
  );
  const args = ['-F', '-f', config, '-L', '/dev/stderr', '-p', join(state, 'pid'), '-N', 'NIV_EVENT'];
  return processServer('ganesha.nfsd', args, port, files);
}

function processServer(program: string, args: readonly string[], port: number, files: string): FileServer {
  let child: ChildProcess | undefined;
  let said = '';
  return {
    port,
    files,
    async start() {
      say(`${program} on port ${port}`);
      // A group of its own: Samba has a process for every connection.
      child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
      for (const stream of [child.stdout, child.stderr])
        stream?.on('data', (data) => {
          said = (said + String(data)).slice(-4000);
        });
      for (let waited = 0; !(await answers(port)); waited += 100) {
        if (child.exitCode !== null || waited > 60_000) throw new Error(`${program} does not answer:\n${said}`);
        await sleep(100);
      }
    },
    async kill() {
      const running = child;
      child = undefined;
      if (running?.pid === undefined || running.exitCode !== null) return;
      const ended = new Promise((resolve) => running.once('close', resolve));
      process.kill(-running.pid, 'SIGKILL');
      await ended;
      say(`${program} was killed`);
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
