import { sleep } from '../../host/clock.ts';
import { mkdir, rm, writeAtomically } from '../../host/files.ts';
import { run } from '../../host/process.ts';
import { randomId } from '../../host/random.ts';
import type { CommandRequest, CommandResult } from '../../model/machine.ts';

const keptOutput = 64 * 1024;
/** What shells report for a program that was ended by SIGKILL. */
const killedCode = 137;
const everyCode = Array.from({ length: 256 }, (_, code) => code);
/** Where a command inside the applied system finds its secrets. */
const secretsInside = '/run/bootwright-secrets';

/**
 * Runs inside the applied system, in mount and process namespaces of its own: whatever the command starts or mounts
 * is gone when it ends, and no bind mount can be left behind to be deleted through.
 */
const enterRoot = `set -e
root=$1 secrets=$2 directory=$3
shift 3
mkdir -p "$root/dev" "$root/proc" "$root/sys" "$root/run"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
if [ -n "$secrets" ]; then
  mkdir -m 700 "$root${secretsInside}"
  mount --bind "$secrets" "$root${secretsInside}"
fi
exec chroot "$root" /bin/sh -c 'cd "$0" && exec "$@"' "$directory" "$@"`;

/** Runs a command and waits for it. Never throws for an exit code. @throws BW-HOST-001, BW-HOST-006 */
export async function runCommand(request: CommandRequest, runFolder: string): Promise<CommandResult> {
  const { command, root, directory, secrets } = request;
  const folder = secrets === undefined ? '' : await writeSecrets(secrets, runFolder);
  const own = typeof command === 'string' ? ['/bin/sh', '-c', command] : [...command];
  // Short options: busybox knows no others.
  const inside = ['unshare', '-m', '-p', '-f', 'sh', '-c', enterRoot, 'sh'];
  const [program = '', ...args] = root === undefined ? own : [...inside, root, folder, directory ?? '/', ...own];
  const limit = timeLimit(request);
  let output = '';
  try {
    const { code } = await run(program, args, {
      environment: {
        ...request.environment,
        ...(folder === '' ? {} : { BOOTWRIGHT_SECRETS: root === undefined ? folder : secretsInside }),
      },
      accept: everyCode,
      discardOutput: true,
      wholeGroup: true,
      signal: limit.signal,
      ...(root === undefined && directory !== undefined ? { directory } : {}),
      ...(request.input === undefined ? {} : { input: request.input }),
      onOutput: (piece) => {
        output = (output + piece).slice(-keptOutput);
        request.onOutput?.(piece);
      },
    });
    return { code, timedOut: false, output };
  } catch (error) {
    if (limit.expired() && request.signal?.aborted !== true) return { code: killedCode, timedOut: true, output };
    throw error;
  } finally {
    limit.end();
    if (folder !== '') await rm(folder, { recursive: true, force: true });
  }
}

/** Aborts with the request's own signal, or when its time is over. */
function timeLimit({ timeoutSeconds = 0, signal }: CommandRequest) {
  const expiry = new AbortController();
  const finished = new AbortController();
  if (timeoutSeconds > 0)
    sleep(timeoutSeconds * 1000, finished.signal).then(
      () => expiry.abort(),
      () => undefined,
    );
  return {
    signal: signal === undefined ? expiry.signal : AbortSignal.any([signal, expiry.signal]),
    expired: () => expiry.signal.aborted,
    end: () => finished.abort(),
  };
}

/** In memory: `runFolder` lies on a tmpfs in the boot environment and in every systemd system. */
async function writeSecrets(secrets: Readonly<Record<string, string>>, runFolder: string): Promise<string> {
  const folder = `${runFolder}/secrets/${randomId()}`;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const [name, value] of Object.entries(secrets)) await writeAtomically(`${folder}/${name}`, value, 0o600);
  return folder;
}
