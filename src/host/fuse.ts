import { spawn } from 'node:child_process';
import { closeSync, openSync, read, readSync, writevSync } from 'node:fs';
import { promisify } from 'node:util';
import { BootwrightError } from '../model/error.ts';
import { FuseAnswers, type FuseFolder, longestRequest } from './fuse-protocol.ts';

/**
 * Mounts a folder that exists only as functions, and serves it until it is unmounted. Needs root. Once it is mounted
 * nothing else runs in this process: requests are answered one by one without the event loop, which is the fastest a
 * single core can, and nobody in the process can wait for itself.
 *
 * @throws BW-HOST-090 it cannot be mounted
 */
export async function serveFolder(
  root: FuseFolder,
  mountPoint: string,
  { onMounted, onFault }: { readonly onMounted: () => void; readonly onFault: (reason: unknown) => void },
): Promise<void> {
  const answers = new FuseAnswers(root, onFault);
  const device = openDevice();
  const request = Buffer.allocUnsafe(longestRequest);
  const reply = (length: number): void => {
    const pieces = answers.answer(request.subarray(0, length));
    if (pieces !== undefined) writevSync(device, pieces);
  };
  try {
    let mounting: 'going on' | 'mounted' | { readonly failed: string } = 'going on';
    mount(mountPoint, device).then(
      () => {
        mounting = 'mounted';
        onMounted();
      },
      (error: Error) => {
        mounting = { failed: error.message };
      },
    );
    const state = (): typeof mounting => mounting;
    for (;;) {
      const now = state();
      if (typeof now === 'object')
        throw new BootwrightError('BW-HOST-090', `${mountPoint} cannot be mounted: ${now.failed}.`);
      if (now === 'mounted') break;
      const length = await readOrWait(device, request);
      if (length > 0) reply(length);
    }
    for (;;) reply(readSync(device, request));
  } catch (error) {
    // The kernel's way to say that the folder was unmounted.
    if ((error as { code?: string }).code !== 'ENODEV') throw error;
  } finally {
    closeSync(device);
  }
}

function openDevice(): number {
  try {
    return openSync('/dev/fuse', 'r+');
  } catch (cause) {
    throw new BootwrightError('BW-HOST-090', `/dev/fuse cannot be opened: ${(cause as Error).message}.`, { cause });
  }
}

const readDevice = promisify(read);

/** Before the mount exists the device refuses to be read (EPERM): 0 then, after a moment. */
async function readOrWait(device: number, into: Buffer): Promise<number> {
  try {
    return (await readDevice(device, into, 0, into.length, null)).bytesRead;
  } catch (error) {
    if ((error as { code?: string }).code !== 'EPERM') throw error;
    await new Promise((resolve) => setTimeout(resolve, 5));
    return 0;
  }
}

/** The program `mount` of util-linux inherits the device; its own helper for FUSE is not wanted (`-i`). */
async function mount(mountPoint: string, device: number): Promise<void> {
  const options = 'ro,nosuid,nodev,fd=3,rootmode=40555,user_id=0,group_id=0,allow_other,default_permissions';
  const child = spawn('mount', ['-i', '-t', 'fuse', '-o', options, 'bootwright', mountPoint], {
    stdio: ['ignore', 'ignore', 'pipe', device],
  });
  let complaint = '';
  child.stderr?.on('data', (piece: Buffer) => {
    complaint += piece.toString();
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(complaint.trim() === '' ? `mount ended with ${code}` : complaint.trim());
}
