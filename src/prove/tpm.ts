import { join } from 'node:path';
import { sleep } from '../host/clock.ts';
import { exists, mkdir, rm } from '../host/files.ts';
import { run } from '../host/process.ts';
import { BootwrightError } from '../model/error.ts';

/**
 * Starts a TPM 2.0 in software and returns its socket. State in the folder survives power cuts, as in the real part;
 * it ends with the machine.
 *
 * @throws BW-HOST-001 when swtpm is not installed, BW-PROVE-007 when it does not start
 */
export async function startTpm(folder: string, signal: AbortSignal): Promise<string> {
  await mkdir(folder, { recursive: true });
  const socket = join(folder, 'tpm.sock');
  await rm(socket, { force: true });
  const args = [
    'socket',
    '--tpm2',
    '--tpmstate',
    `dir=${folder}`,
    '--ctrl',
    `type=unixio,path=${socket}`,
    '--terminate',
  ];
  let failure: unknown;
  run('setpriv', ['--pdeathsig', 'KILL', 'swtpm', ...args, '--log', `file=${join(folder, 'swtpm.log')}`], {
    signal,
  }).catch((error: unknown) => {
    failure = error;
  });
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if (await exists(socket)) return socket;
    if (failure !== undefined) break;
    await sleep(50, signal);
  }
  throw new BootwrightError('BW-PROVE-007', 'The software TPM did not start.', { cause: failure });
}
