import { BootwrightError } from '../model/error.ts';

/**
 * The TPM 2.0 commands needed to bind a key to a machine, and to how it was started (TPM 2.0 Library, parts 2 and 3).
 * All integers are big-endian; authorisations are empty password sessions, or a policy session over PCRs.
 */
const tags = { noSessions: 0x8001, sessions: 0x8002 } as const;
const commandCodes = {
  createPrimary: 0x131,
  create: 0x153,
  load: 0x157,
  unseal: 0x15e,
  flushContext: 0x165,
  startAuthSession: 0x176,
  policyPcr: 0x17f,
  policyGetDigest: 0x189,
} as const;
const algorithm = { aes: 0x06, keyedHash: 0x08, sha256: 0x0b, null: 0x10, ecc: 0x23, cfb: 0x43 } as const;
const curveP256 = 0x0003;
const ownerHierarchy = 0x40000001;
const passwordSession = 0x40000009;
const nullHandle = 0x40000007;
/** PCs have 24 registers, so three bytes of mask (PC Client Platform TPM Profile). */
export const pcrMaskBytes = 3;

/** TPMA_OBJECT. `noDictionaryAttack`: without authorisation values there is nothing to guess, so nothing to lock. */
const attribute = {
  fixedTpm: 0x2,
  fixedParent: 0x10,
  sensitiveDataOrigin: 0x20,
  userWithAuth: 0x40,
  noDictionaryAttack: 0x400,
  restricted: 0x10000,
  decrypt: 0x20000,
} as const;
const stays = attribute.fixedTpm | attribute.fixedParent | attribute.noDictionaryAttack;

/** MAX_SYM_DATA: the most a TPM seals in one object. */
export const longestTpmSecret = 128;

/** A sealed object outside the TPM: only the TPM that made it can load it. */
export interface TpmObject {
  /** TPM2B_PRIVATE, encrypted by the TPM, without its length. */
  readonly privateArea: Uint8Array;
  /** TPM2B_PUBLIC without its length. */
  readonly publicArea: Uint8Array;
}

export interface TpmResponse {
  /** 0 is success; see `describeTpmCode`. */
  readonly code: number;
  /** What follows the header. */
  readonly content: Uint8Array;
}

/**
 * The storage key every TPM of a PC can make again at any time from its owner seed: the TCG's template for ECC P-256.
 */
export function createPrimaryCommand(): Uint8Array {
  const unique = sized(new Uint8Array(32));
  const template = Buffer.concat([
    u16(algorithm.ecc),
    u16(algorithm.sha256),
    u32(stays | attribute.userWithAuth | attribute.sensitiveDataOrigin | attribute.restricted | attribute.decrypt),
    sized(),
    ...[algorithm.aes, 128, algorithm.cfb, algorithm.null, curveP256, algorithm.null].map(u16),
    unique,
    unique,
  ]);
  return command(
    commandCodes.createPrimary,
    [ownerHierarchy],
    [sized(Buffer.concat([sized(), sized()])), sized(template), sized(), u32(0)],
  );
}

/**
 * Seals `secret` (1 to 128 bytes) under a loaded storage key. With the digest of a policy it can only be opened in a
 * session that fulfils it: an empty authorisation value would open it as well.
 */
export function createSealedCommand(parent: number, secret: Uint8Array, policy?: Uint8Array): Uint8Array {
  const template = Buffer.concat([
    u16(algorithm.keyedHash),
    u16(algorithm.sha256),
    u32(policy === undefined ? stays | attribute.userWithAuth : stays),
    sized(policy),
    u16(algorithm.null),
    sized(),
  ]);
  return command(
    commandCodes.create,
    [parent],
    [sized(Buffer.concat([sized(), sized(secret)])), sized(template), sized(), u32(0)],
  );
}

export function loadCommand(parent: number, object: TpmObject): Uint8Array {
  return command(commandCodes.load, [parent], [sized(object.privateArea), sized(object.publicArea)]);
}

/** `session`: a policy session; without one, the empty password. */
export function unsealCommand(handle: number, session: number = passwordSession): Uint8Array {
  return command(commandCodes.unseal, [handle], [], session);
}

export function flushContextCommand(handle: number): Uint8Array {
  return openCommand(commandCodes.flushContext, [u32(handle)]);
}

/** A session that collects what a policy asks for; a trial only computes the policy's digest. `nonce`: 16 to 32 bytes. */
export function startPolicySessionCommand(kind: 'policy' | 'trial', nonce: Uint8Array): Uint8Array {
  return openCommand(commandCodes.startAuthSession, [
    ...[nullHandle, nullHandle].map(u32),
    ...[sized(nonce), sized(), Buffer.of(kind === 'trial' ? 3 : 1)],
    ...[algorithm.null, algorithm.sha256].map(u16),
  ]);
}

/** The policy is: these registers (mask, lowest first) of the SHA-256 bank are as they are now. */
export function policyPcrCommand(session: number, mask: Uint8Array): Uint8Array {
  const selection = [u32(1), u16(algorithm.sha256), Buffer.of(mask.length), mask];
  return openCommand(commandCodes.policyPcr, [u32(session), sized(), ...selection]);
}

export function policyGetDigestCommand(session: number): Uint8Array {
  return openCommand(commandCodes.policyGetDigest, [u32(session)]);
}

/** @throws BW-TRUST-018 when these are not the bytes of one whole response */
export function parseTpmResponse(bytes: Uint8Array): TpmResponse {
  const response = view(bytes);
  const tag = response.length < 10 ? 0 : response.readUInt16BE(0);
  if ((tag !== tags.noSessions && tag !== tags.sessions) || response.readUInt32BE(2) !== response.length)
    throw malformed();
  return { code: response.readUInt32BE(6), content: response.subarray(10) };
}

/** Handle in the answer to CreatePrimary, Load and StartAuthSession. */
export function parseHandle(content: Uint8Array): number {
  if (content.length < 4) throw malformed();
  return view(content).readUInt32BE(0);
}

/** The sealed object in the answer to Create. */
export function parseCreated(content: Uint8Array): TpmObject {
  const [privateArea = missing(), publicArea = missing()] = readSized(content.subarray(4), 2);
  return { privateArea, publicArea };
}

/** The digest in the answer to PolicyGetDigest, which has no session. */
export function parsePolicyDigest(content: Uint8Array): Uint8Array {
  const [digest = missing()] = readSized(content, 1);
  return digest;
}

/** The secret in the answer to Unseal. */
export function parseUnsealed(content: Uint8Array): Uint8Array {
  const [secret = missing()] = readSized(content.subarray(4), 1);
  return secret;
}

/** Warnings that ask for the same command again. */
export function asksForRetry(code: number): boolean {
  return code === 0x922 || code === 0x908 || code === 0x90a;
}

/** A response code in words, with its number for those who look it up. */
export function describeTpmCode(code: number): string {
  // Format-one codes carry the number of the parameter, handle or session at fault in the other bits.
  const base = (code & 0x80) === 0 ? code : code & 0xbf;
  const known: Readonly<Record<number, string>> = {
    [0x08e]: 'it asks for an authorisation we do not have',
    [0x0a2]: 'its owner hierarchy has a password',
    [0x085]: 'its owner hierarchy is switched off',
    [0x09d]: 'Secure Boot or its keys are others than when it was sealed',
    [0x09f]: 'the object is damaged or was made by another TPM',
    [0x100]: 'it was not started by the firmware',
    [0x101]: 'it is in failure mode',
    [0x120]: 'it is switched off',
    [0x902]: 'it has no memory left for objects',
    [0x921]: 'it is locked after too many wrong attempts',
  };
  const hex = `0x${code.toString(16).padStart(3, '0')}`;
  return known[base] === undefined ? `response code ${hex}` : `${known[base]} (response code ${hex})`;
}

/** A command that needs no authorisation. */
function openCommand(code: number, parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat([u32(code), ...parts]);
  return Buffer.concat([u16(tags.noSessions), u32(content.length + 6), content]);
}

function command(
  code: number,
  handles: readonly number[],
  parameters: readonly Uint8Array[],
  session: number = passwordSession,
): Uint8Array {
  // The session goes on after the command: it is flushed by who started it.
  const authorisation = Buffer.concat([u32(session), sized(), Buffer.of(1), sized()]);
  const content = Buffer.concat([...handles.map(u32), u32(authorisation.length), authorisation, ...parameters]);
  return Buffer.concat([u16(tags.sessions), u32(content.length + 10), u32(code), content]);
}

/** Values with a 16-bit length in front (TPM2B). */
function readSized(bytes: Uint8Array, count: number): Uint8Array[] {
  const content = view(bytes);
  let position = 0;
  return Array.from({ length: count }, () => {
    const length = position + 2 > content.length ? Number.POSITIVE_INFINITY : content.readUInt16BE(position);
    const start = position + 2;
    position = start + length;
    if (position > content.length) throw malformed();
    return content.subarray(start, position);
  });
}

function sized(bytes: Uint8Array = new Uint8Array(0)): Uint8Array {
  return Buffer.concat([u16(bytes.length), bytes]);
}

function u16(value: number): Uint8Array {
  return Buffer.of(value >>> 8, value & 0xff);
}

function u32(value: number): Uint8Array {
  return Buffer.concat([u16(value >>> 16), u16(value & 0xffff)]);
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function missing(): never {
  throw malformed();
}

function malformed(): BootwrightError {
  return new BootwrightError('BW-TRUST-018', 'The TPM gave an answer that is not one of TPM 2.0.', {
    fix: 'TPM 1.2 is not supported: switch to TPM 2.0 in the firmware set-up, or go on without.',
  });
}
