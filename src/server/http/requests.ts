import * as z from 'zod';
import { BootwrightError } from '../../model/error.ts';
import { printable } from '../../model/printable.ts';
import { protocolVersion, type RegistrationRequest } from '../../model/protocol.ts';
import { encryptAge } from '../../trust/age.ts';

/** From a stranger, printed on an operator's terminal: no control characters, and not endless. */
const text = (most = 256) => z.string().max(most).transform(printable);
const count = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const bytes = (length: number) =>
  z.string().refine((value) => {
    const decoded = Buffer.from(value, 'base64');
    return decoded.length === length && decoded.toString('base64') === value;
  }, `base64 of ${length} bytes is expected`);
const nonce = bytes(16);

const disk = z.object({
  ...{ path: text(), index: count, serial: text(), model: text(), sizeBytes: count, sectorSize: count },
  bus: z.enum(['nvme', 'sata', 'scsi', 'virtio', 'usb', 'mmc', 'unknown']),
  removable: z.boolean(),
  contents: text(1024),
});

const record = z.object({
  facts: z.object({
    firmware: z.enum(['bios', 'uefi']),
    architecture: z.enum(['x64', 'arm64']),
    ...{ secureBoot: z.boolean(), tpm: z.boolean() },
    ...{ make: text(), model: text(), serialNumber: text(), assetTag: text(), uuid: text(64), memoryBytes: count },
    macAddresses: z.array(text(32)).max(64),
  }),
  disks: z.array(disk).max(256),
  adapters: z
    .array(
      z.object({
        ...{ name: text(), mac: text(32), driver: text(), link: z.boolean() },
        addresses: z.array(text(64)).max(64),
      }),
    )
    .max(64),
  pciDevices: z.array(text(32)).max(1024),
  usbDevices: z.array(text(32)).max(1024),
  modelKeys: z.array(text()).max(64),
});

const registration = z.object({
  ...{ protocol: z.literal(protocolVersion), nonce, sessionKey: bytes(32).refine(isUsableKey, 'no X25519 key') },
  ...{ agentVersion: text(64), unattended: z.boolean() },
  origin: z.enum(['media', 'pxe', 'client']),
  mediumId: z
    .string()
    .regex(/^[0-9a-f]{32}$/)
    .exactOptional(),
  unknownComputers: z.boolean().exactOptional(),
  machine: record,
});

/** @throws BW-SERVER-001, BW-SERVER-002 */
export function readRegistration(body: unknown): RegistrationRequest {
  const value = readJson(body);
  const { protocol } = (value ?? {}) as { protocol?: unknown };
  if (typeof protocol === 'number' && protocol !== protocolVersion)
    throw new BootwrightError(
      'BW-SERVER-002',
      `The agent speaks version ${protocol} of the protocol, this server ${protocolVersion}.`,
    );
  return checked(registration, value);
}

const deployment = z.string().min(1).max(128);
const opaqueMessage = z.string().max(4096);

export const passwordStart = z.object({ deployment, startLoginRequest: opaqueMessage });
export const policyRequest = z.object({
  ...{ deployment, nonce },
  ...{ finishLoginRequest: opaqueMessage.exactOptional(), passwordProof: bytes(32).exactOptional() },
});

export const tpmProof = z.object({ proof: bytes(64) });
export const enrolment = z.object({
  publicKey: bytes(32),
  sealed: z
    .string()
    .max(1400)
    .regex(/^(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, 'base64 is expected'),
  proof: bytes(64),
});

/** @throws BW-SERVER-001 */
export function readBody<T extends z.ZodType>(schema: T, body: unknown): z.output<T> {
  return checked(schema, readJson(body));
}

/** A whole number of the query. @throws BW-SERVER-001 */
export function readNumber(query: unknown, name: string): number {
  const value = (query as Record<string, unknown>)[name];
  if (typeof value === 'string' && /^\d{1,15}$/.test(value)) return Number(value);
  throw new BootwrightError('BW-SERVER-001', `${name}: a whole number is expected in the query.`);
}

/** A nonce in the query, Base64 of 16 bytes. @throws BW-SERVER-001 */
export function readNonce(value: unknown): string {
  return checked(nonce, value);
}

/** A part of the path or a bearer that has to be 128 bits in hex. @throws BW-SERVER-001 */
export function readId(value: unknown): string {
  if (typeof value === 'string' && /^[0-9a-f]{32}$/.test(value)) return value;
  throw new BootwrightError('BW-SERVER-001', 'An id of 32 hex digits is expected.');
}

const eventLine = z.looseObject({ at: z.iso.datetime(), type: text(64) });

/** Events, one JSON object per line. @throws BW-SERVER-001 */
export function readEvents(body: unknown): { at: string; type: string; json: string }[] {
  const lines = Buffer.isBuffer(body) ? body.toString('utf8').split('\n') : [];
  return lines
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const { at, type } = checked(eventLine, readJson(Buffer.from(line)));
      return { at, type, json: line };
    });
}

function readJson(body: unknown): unknown {
  try {
    return JSON.parse(Buffer.isBuffer(body) ? body.toString('utf8') : '');
  } catch (cause) {
    throw new BootwrightError('BW-SERVER-001', 'The body is not JSON.', { cause });
  }
}

function checked<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  const [issue] = error.issues;
  throw new BootwrightError('BW-SERVER-001', `${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'is wrong'}.`);
}

/** Points of low order give a secret that everybody knows: nothing can be encrypted to them. */
function isUsableKey(value: string): boolean {
  try {
    encryptAge(new Uint8Array(0), [Buffer.from(value, 'base64')]);
    return true;
  } catch {
    return false;
  }
}
