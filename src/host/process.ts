import { Readable } from 'node:stream';
import { execa } from 'execa';
import { BootwrightError } from '../model/error.ts';
import { packageOf } from './tools.ts';

export interface RunOptions {
  readonly directory?: string;
  /** Added to the small fixed environment. Never secrets: every process of the user can read them in /proc. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Written to standard input; where secrets go when a program needs one. */
  readonly input?: string | Uint8Array | AsyncIterable<Uint8Array>;
  readonly timeoutMilliseconds?: number;
  readonly signal?: AbortSignal;
  /** Called with raw pieces of standard output and error as they come (progress with `\r` included). */
  readonly onOutput?: (piece: string, stream: 'stdout' | 'stderr') => void;
  /** Exit codes that are not an error. */
  readonly accept?: readonly number[];
  /** Send standard output into this file instead of collecting it. */
  readonly stdoutFile?: string;
  /** Bytes of output kept; the tail wins. */
  readonly keepOutput?: number;
  /** Keep none of it: `onOutput` sees all there is, however much it becomes. */
  readonly discardOutput?: boolean;
  /** Give the program a process group of its own, and end all of it when `signal` aborts. */
  readonly wholeGroup?: boolean;
  /** The kernel ends it when this process ends, however that happens. */
  readonly endsWithUs?: boolean;
}

export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * What every child sees, and no more: the caller's environment may hold secrets, locale and time zone would make
 * builds differ.
 */
function fixedEnvironment(): Record<string, string> {
  const { PATH = '/usr/bin:/bin', HOME = '/' } = process.env;
  return { PATH: `${PATH}:/usr/sbin:/sbin`, HOME, LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8', TZ: 'UTC' };
}

/**
 * Runs a program and returns its output.
 *
 * @throws BW-HOST-001 not installed, BW-HOST-002 failed, BW-HOST-003 timed out, BW-HOST-006 cancelled
 */
export async function run(file: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const mortal = options.endsWithUs === true;
  const command = mortal ? ['--pdeathsig', 'KILL', file, ...args] : args;
  const child = execa(mortal ? 'setpriv' : file, command, {
    reject: false,
    extendEnv: false,
    env: { ...fixedEnvironment(), ...options.environment },
    stripFinalNewline: false,
    maxBuffer: options.keepOutput ?? 256 * 1024 * 1024,
    forceKillAfterDelay: 3000,
    ...(options.discardOutput === true ? { buffer: false as const } : {}),
    ...(options.wholeGroup === true ? { detached: true as const } : {}),
    ...(options.directory === undefined ? {} : { cwd: options.directory }),
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
    ...(options.timeoutMilliseconds === undefined ? {} : { timeout: options.timeoutMilliseconds }),
    ...(options.stdoutFile === undefined ? {} : { stdout: { file: options.stdoutFile } }),
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: toInput(options.input) }),
  });
  if (options.onOutput !== undefined) {
    const onOutput = options.onOutput;
    child.stdout?.on('data', (data: Buffer) => onOutput(data.toString(), 'stdout'));
    child.stderr?.on('data', (data: Buffer) => onOutput(data.toString(), 'stderr'));
  }
  const endGroup = (): void => killGroup(child.pid);
  if (options.wholeGroup === true) options.signal?.addEventListener('abort', endGroup, { once: true });
  const result = await child;
  options.signal?.removeEventListener('abort', endGroup);
  const stdout = String(result.stdout ?? '');
  const stderr = String(result.stderr ?? '');
  if (result.isCanceled) throw new BootwrightError('BW-HOST-006', `${file} was interrupted.`);
  if (result.timedOut)
    throw new BootwrightError(
      'BW-HOST-003',
      `${file} did not finish in ${options.timeoutMilliseconds} ms and was ended.`,
    );
  const isMissing = result.code === 'ENOENT' || (mortal && result.exitCode === 127);
  if (result.exitCode === undefined || isMissing) {
    if (isMissing) {
      const from = packageOf(file);
      throw new BootwrightError('BW-HOST-001', `The program ${file} is not installed.`, {
        ...(from === undefined ? {} : { fix: `Install the package ${from} (Debian: apt-get install ${from}).` }),
      });
    }
    throw new BootwrightError(
      'BW-HOST-002',
      `${file} could not run or was killed (${result.signal ?? result.code ?? 'unknown reason'}).`,
      { cause: result },
    );
  }
  if (result.exitCode !== 0 && !(options.accept ?? []).includes(result.exitCode)) {
    throw new BootwrightError(
      'BW-HOST-002',
      `${file} ended with code ${result.exitCode}: ${lastLines(stderr === '' ? stdout : stderr)}`,
    );
  }
  return { code: result.exitCode, stdout, stderr };
}

/** Children of a shell outlive it when only the shell is ended. */
function killGroup(leader: number | undefined): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // The group is gone already.
  }
}

function toInput(input: NonNullable<RunOptions['input']>): string | Uint8Array | Readable {
  return typeof input === 'string' || input instanceof Uint8Array ? input : Readable.from(input);
}

function lastLines(text: string): string {
  return text
    .trim()
    .split(/[\r\n]+/)
    .slice(-4)
    .join(' | ')
    .slice(-600);
}
