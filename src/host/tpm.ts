import { type FileHandle, open } from 'node:fs/promises';
import { BootwrightError } from '../model/error.ts';

/** Something that answers TPM commands: the kernel's device, an emulator's socket. */
export interface TpmTransport {
  send(command: Uint8Array): Promise<Uint8Array>;
}

export interface TpmDevice extends TpmTransport {
  close(): Promise<void>;
}

/** With the kernel's resource manager first: it keeps programs that use the TPM at the same time apart. */
const devices = ['/dev/tpmrm0', '/dev/tpm0'];

/** Opens the machine's TPM. @throws BW-TRUST-017 */
export async function openTpm(paths: readonly string[] = devices): Promise<TpmDevice> {
  const problems: string[] = [];
  for (const path of paths) {
    try {
      return device(path, await open(path, 'r+'));
    } catch (error) {
      problems.push((error as Error).message);
    }
  }
  throw new BootwrightError('BW-TRUST-017', `The TPM cannot be reached: ${problems.join('; ')}.`);
}

function device(path: string, file: FileHandle): TpmDevice {
  return {
    async send(command) {
      try {
        // The driver takes a command as one write and keeps the answer for the next read.
        await file.write(command);
        return await readResponse(file);
      } catch (cause) {
        throw new BootwrightError('BW-TRUST-017', `${path} does not answer: ${(cause as Error).message}.`, { cause });
      }
    },
    close: () => file.close(),
  };
}

async function readResponse(file: FileHandle): Promise<Uint8Array> {
  const buffer = Buffer.alloc(4096);
  let length = 0;
  // Bytes 2 to 5 hold the length of the whole answer.
  while (length < 6 || length < Math.min(buffer.readUInt32BE(2), buffer.length)) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length, null);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}
