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
  parsePolicyDigest,
  parseTpmResponse,
  parseUnsealed,
  pcrMaskBytes,
  policyGetDigestCommand,
  policyPcrCommand,
  startPolicySessionCommand,
  type TpmObject,
  unsealCommand,
} from '../formats/tpm2.ts';
import { sleep } from '../host/clock.ts';
import { randomBytes } from '../host/random.ts';
import type { TpmTransport } from '../host/tpm.ts';
import { BootwrightError } from '../model/error.ts';

const magic = Buffer.from('BWTPM1\n\0', 'latin1');
/** Behind it the mask of the registers the secret is bound to. */
const boundMagic = Buffer.from('BWTPM2\n\0', 'latin1');
const attempts = 50;

/**
 * Seals 1 to 128 bytes so that only this machine's TPM opens them. Nothing of it stays in the TPM. Without `registers`
 * (PCRs of the SHA-256 bank) it keeps a disk that was taken out of the machine unreadable, not one that is started in
 * it by somebody else; with them it opens only while they hold what they hold now.
 *
 * @throws BW-TRUST-018
 */
export async function sealToTpm(
  tpm: TpmTransport,
  secret: Uint8Array,
  registers: readonly number[] = [],
): Promise<Uint8Array> {
  if (secret.length < 1 || secret.length > longestTpmSecret)
    throw new BootwrightError('BW-TRUST-018', `A TPM seals 1 to ${longestTpmSecret} bytes, not ${secret.length}.`);
  const mask = Buffer.alloc(pcrMaskBytes);
  for (const register of registers) mask.writeUInt8((mask[register >> 3] ?? 0) | (1 << (register & 7)), register >> 3);
  const isBound = registers.length > 0;
  const policy = isBound
    ? await withPolicySession(tpm, 'trial', mask, async (session) =>
        parsePolicyDigest(await perform(tpm, policyGetDigestCommand(session))),
      )
    : undefined;
  return withStorageKey(tpm, async (parent) => {
    const { privateArea, publicArea } = parseCreated(await perform(tpm, createSealedCommand(parent, secret, policy)));
    return Buffer.concat([...(isBound ? [boundMagic, mask] : [magic]), sized(privateArea), sized(publicArea)]);
  });
}

/** Opens what `sealToTpm` made on this machine. @throws BW-TRUST-018, BW-TRUST-019 */
export async function unsealFromTpm(tpm: TpmTransport, blob: Uint8Array): Promise<Uint8Array> {
  const { object, mask } = parseBlob(blob);
  const opened = async (command: Uint8Array): Promise<Uint8Array> => {
    const { code, content } = await transmit(tpm, command);
    if (code === 0) return content;
    throw new BootwrightError('BW-TRUST-019', `The TPM cannot open what was sealed: ${describeTpmCode(code)}.`);
  };
  return withStorageKey(tpm, async (parent) =>
    withHandle(tpm, parseHandle(await opened(loadCommand(parent, object))), async (handle) => {
      const content =
        mask === undefined
          ? await perform(tpm, unsealCommand(handle))
          : await withPolicySession(tpm, 'policy', mask, (session) => opened(unsealCommand(handle, session)));
      return parseUnsealed(content);
    }),
  );
}

/** A session in which the registers were looked at. */
async function withPolicySession<T>(
  tpm: TpmTransport,
  kind: 'policy' | 'trial',
  mask: Uint8Array,
  use: (session: number) => Promise<T>,
): Promise<T> {
  const started = await perform(tpm, startPolicySessionCommand(kind, randomBytes(16)));
  return withHandle(tpm, parseHandle(started), async (session) => {
    await perform(tpm, policyPcrCommand(session, mask));
    return use(session);
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

interface SealedBlob {
  readonly object: TpmObject;
  /** Registers it is bound to, if any. */
  readonly mask: Uint8Array | undefined;
}

function parseBlob(blob: Uint8Array): SealedBlob {
  const bytes = Buffer.from(blob);
  const isBound = bytes.subarray(0, boundMagic.length).equals(boundMagic);
  const start = magic.length + (isBound ? pcrMaskBytes : 0);
  const privateStart = start + 2;
  const publicStart = privateStart + (bytes.length < privateStart ? 0 : bytes.readUInt16BE(start)) + 2;
  const end = publicStart + (bytes.length < publicStart ? 0 : bytes.readUInt16BE(publicStart - 2));
  if (!(isBound || bytes.subarray(0, magic.length).equals(magic)) || bytes.length !== end)
    throw new BootwrightError('BW-TRUST-019', 'What should be sealed by the TPM is damaged.');
  return {
    object: {
      privateArea: bytes.subarray(privateStart, publicStart - 2),
      publicArea: bytes.subarray(publicStart, end),
    },
    mask: isBound ? bytes.subarray(magic.length, start) : undefined,
  };
}

function sized(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.of(bytes.length >>> 8, bytes.length & 0xff), bytes]);
}
