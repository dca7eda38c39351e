import {
  asksForRetry,
  createPrimaryCommand,
  createSealedCommand,
  describeTpmCode,
  flushContextCommand,
  loadCommand,
  longestTpmSecret,
  parseCreated,
  parseHandle,
  parseTpmResponse,
  parseUnsealed,
  type TpmObject,
  unsealCommand,
} from '../formats/tpm2.ts';
import { sleep } from '../host/clock.ts';
import type { TpmTransport } from '../host/tpm.ts';
import { BootwrightError } from '../model/error.ts';

const magic = Buffer.from('BWTPM1\n\0', 'latin1');
const attempts = 50;

/**
 * Seals 1 to 128 bytes so that only this machine's TPM opens them. Nothing of it stays in the TPM. Without a PCR
 * policy: it keeps a disk that was taken out of the machine unreadable, not one that is started in it by somebody else.
 *
 * @throws BW-TRUST-018
 */
export async function sealToTpm(tpm: TpmTransport, secret: Uint8Array): Promise<Uint8Array> {
  if (secret.length < 1 || secret.length > longestTpmSecret)
    throw new BootwrightError('BW-TRUST-018', `A TPM seals 1 to ${longestTpmSecret} bytes, not ${secret.length}.`);
  return withStorageKey(tpm, async (parent) => {
    const { privateArea, publicArea } = parseCreated(await perform(tpm, createSealedCommand(parent, secret)));
    return Buffer.concat([magic, sized(privateArea), sized(publicArea)]);
  });
}

/** Opens what `sealToTpm` made on this machine. @throws BW-TRUST-018, BW-TRUST-019 */
export async function unsealFromTpm(tpm: TpmTransport, blob: Uint8Array): Promise<Uint8Array> {
  const object = parseBlob(blob);
  return withStorageKey(tpm, async (parent) => {
    const { code, content } = await transmit(tpm, loadCommand(parent, object));
    if (code !== 0)
      throw new BootwrightError('BW-TRUST-019', `The TPM cannot open what was sealed: ${describeTpmCode(code)}.`);
    return withHandle(tpm, parseHandle(content), async (handle) =>
      parseUnsealed(await perform(tpm, unsealCommand(handle))),
    );
  });
}

async function withStorageKey<T>(tpm: TpmTransport, use: (handle: number) => Promise<T>): Promise<T> {
  return withHandle(tpm, parseHandle(await perform(tpm, createPrimaryCommand())), use);
}

/** A TPM has room for three objects: one that is not flushed is missing until the next start. */
async function withHandle<T>(tpm: TpmTransport, handle: number, use: (handle: number) => Promise<T>): Promise<T> {
  try {
    return await use(handle);
  } finally {
    await transmit(tpm, flushContextCommand(handle));
  }
}

async function perform(tpm: TpmTransport, command: Uint8Array): Promise<Uint8Array> {
  const { code, content } = await transmit(tpm, command);
  if (code !== 0) throw new BootwrightError('BW-TRUST-018', `The TPM refused a command: ${describeTpmCode(code)}.`);
  return content;
}

async function transmit(tpm: TpmTransport, command: Uint8Array): Promise<{ code: number; content: Uint8Array }> {
  for (let attempt = 1; ; attempt++) {
    const response = parseTpmResponse(await tpm.send(command));
    // A TPM that has just been started tests itself first.
    if (!asksForRetry(response.code) || attempt === attempts) return response;
    await sleep(100);
  }
}

function parseBlob(blob: Uint8Array): TpmObject {
  const bytes = Buffer.from(blob);
  const privateStart = magic.length + 2;
  const publicStart = privateStart + (bytes.length < privateStart ? 0 : bytes.readUInt16BE(magic.length)) + 2;
  const end = publicStart + (bytes.length < publicStart ? 0 : bytes.readUInt16BE(publicStart - 2));
  if (!bytes.subarray(0, magic.length).equals(magic) || bytes.length !== end)
    throw new BootwrightError('BW-TRUST-019', 'What should be sealed by the TPM is damaged.');
  return { privateArea: bytes.subarray(privateStart, publicStart - 2), publicArea: bytes.subarray(publicStart, end) };
}

function sized(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.of(bytes.length >>> 8, bytes.length & 0xff), bytes]);
}
