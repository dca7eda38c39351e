import type { KeyObject } from 'node:crypto';
import {
  type KeySlot,
  type PasswordCost,
  parseSealed,
  type SealedFile,
  sealedLimits,
  serialiseSealedHeader,
} from '../formats/sealed.ts';
import { randomBytes } from '../host/random.ts';
import { BootwrightError } from '../model/error.ts';
import { aesGcm, tagLength } from './authenticated-cipher.ts';
import { emptySlot, fillSlot, type Keyholder, openKeySlot } from './key-slots.ts';
import { recoveryKeySlip } from './recovery-key.ts';

export interface SealOptions extends Partial<PasswordCost> {
  readonly random?: (size: number) => Uint8Array;
}

/**
 * What a target with 2 GiB can spare beside the root's tmpfs. A quarter of a second on a desk, one or two in a
 * machine that is emulated in software.
 */
export const defaultCost: PasswordCost = { memoryKiB: 64 * 1024, passes: 3, lanes: 1 };

const { encrypt, decrypt } = aesGcm;

/**
 * Encrypts so that any one of the holders opens it (docs/formats/sealed.md).
 *
 * @throws BW-TRUST-004, BW-TRUST-005
 */
export async function seal(
  plain: Uint8Array,
  holders: readonly Keyholder[],
  options: SealOptions = {},
): Promise<Uint8Array> {
  const { random = randomBytes } = options;
  const cost = checkedCost(options);
  checkHolders(holders);
  const dataKey = random(32);
  try {
    const slots: KeySlot[] = [];
    for (const holder of holders) slots.push(await fillSlot(dataKey, holder, cost, random));
    return encryptBody(plain, dataKey, slots, random(12));
  } finally {
    dataKey.fill(0);
  }
}

/** Bytes `seal` will return for this input: the same for every password, salt and nonce. */
export function sealedLength(plainLength: number, holders: readonly Keyholder[], options: SealOptions = {}): number {
  const cost = checkedCost(options);
  const slots = holders.map((holder) => emptySlot(holder, cost));
  return serialiseSealedHeader({ slots, nonce: new Uint8Array(12) }).length + plainLength + tagLength;
}

/**
 * Opens a sealed file with a password, a recovery key or a recipient's private key.
 *
 * @throws BW-TRUST-001 damaged header, BW-TRUST-002 wrong password, BW-TRUST-003 damaged body
 */
export async function unseal(sealed: Uint8Array, secret: string | KeyObject): Promise<Uint8Array> {
  const file = parseSealed(sealed);
  const dataKey = await openSlot(file, secret);
  try {
    return decryptBody(file, dataKey);
  } finally {
    dataKey.fill(0);
  }
}

/**
 * The key of a sealed file's body, for whoever may open it: with it further ways in are made (disk-code.ts) although what is
 * sealed is not looked at.
 *
 * @throws BW-TRUST-001 damaged header, BW-TRUST-002 wrong password
 */
export async function bodyKey(sealed: Uint8Array, secret: string | KeyObject): Promise<Uint8Array> {
  return openSlot(parseSealed(sealed), secret);
}

/** Opens a sealed file with the key of its body. @throws BW-TRUST-001, BW-TRUST-003 damaged, or another file's key */
export function unsealByBodyKey(sealed: Uint8Array, key: Uint8Array): Uint8Array {
  return decryptBody(parseSealed(sealed), key);
}

async function openSlot(file: SealedFile, secret: string | KeyObject): Promise<Uint8Array> {
  // The cheap ones first: a recovery key need not wait for passwords to be stretched.
  const slots = file.header.slots.toSorted((a, b) => Number(a.kind === 'password') - Number(b.kind === 'password'));
  for (const slot of slots) {
    const dataKey = await openKeySlot(slot, secret);
    if (dataKey !== undefined) return dataKey;
  }
  if (typeof secret !== 'string')
    throw new BootwrightError('BW-TRUST-002', 'The sealed file was not made for this private key.', {
      fix: 'Use the private key of a certificate that was given as --recipient, or the password.',
    });
  const slip = recoveryKeySlip(secret);
  throw new BootwrightError(
    'BW-TRUST-002',
    `The password does not open the sealed file.${slip === undefined ? '' : ` ${slip}`}`,
  );
}

function encryptBody(plain: Uint8Array, dataKey: Uint8Array, slots: readonly KeySlot[], nonce: Uint8Array): Uint8Array {
  const header = serialiseSealedHeader({ slots, nonce });
  return Buffer.concat([header, encrypt(plain, dataKey, nonce, header)]);
}

function decryptBody(file: SealedFile, dataKey: Uint8Array): Uint8Array {
  const plain = decrypt(file.body, dataKey, file.header.nonce, file.headerBytes);
  if (plain === undefined)
    throw new BootwrightError(
      'BW-TRUST-003',
      'The password is right, but the content of the sealed file is not what was sealed.',
    );
  return plain;
}

function checkedCost(options: SealOptions): PasswordCost {
  const cost = { ...defaultCost, ...options };
  const { memoryKiB, passes, lanes } = cost;
  for (const [name, value] of Object.entries({ memoryKiB, passes, lanes })) {
    const { least, most } = sealedLimits[name as keyof PasswordCost];
    if (!Number.isInteger(value) || value < least || value > most)
      throw new BootwrightError('BW-TRUST-004', `${name} is ${value}; sealed files allow ${least} to ${most}.`, {
        fix: 'Use the default cost.',
      });
  }
  return { memoryKiB, passes, lanes };
}

function checkHolders(holders: readonly Keyholder[]): void {
  if (holders.length < 1 || holders.length > sealedLimits.slots)
    throw new BootwrightError(
      'BW-TRUST-004',
      `A sealed file is opened by between 1 and ${sealedLimits.slots} passwords and keys, not ${holders.length}.`,
    );
  if (holders.includes(''))
    throw new BootwrightError('BW-TRUST-004', 'An empty password protects nothing: nothing was sealed.');
}
