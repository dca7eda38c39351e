import {
  type PasswordCost,
  type PasswordSlot,
  parseSealed,
  type SealedFile,
  sealedLimits,
  serialiseSealedHeader,
} from '../formats/sealed.ts';
import { randomBytes } from '../host/random.ts';
import { BootwrightError } from '../model/error.ts';
import { aesGcm, tagLength } from './authenticated-cipher.ts';
import { passwordKey } from './password-key.ts';

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
 * Encrypts so that any one of the passwords opens it (docs/formats/sealed.md).
 *
 * @throws BW-TRUST-004, BW-TRUST-005
 */
export async function seal(
  plain: Uint8Array,
  passwords: readonly string[],
  options: SealOptions = {},
): Promise<Uint8Array> {
  const { random = randomBytes } = options;
  const cost = checkedCost(options);
  checkPasswords(passwords);
  const dataKey = random(32);
  try {
    const slots: PasswordSlot[] = [];
    for (const password of passwords) slots.push(await wrap(dataKey, password, cost, random));
    return encryptBody(plain, dataKey, slots, random(12));
  } finally {
    dataKey.fill(0);
  }
}

/** Bytes `seal` will return for this input: the same for every password, salt and nonce. */
export function sealedLength(plainLength: number, passwords: number, options: SealOptions = {}): number {
  const slot: PasswordSlot = {
    ...checkedCost(options),
    salt: new Uint8Array(16),
    nonce: new Uint8Array(12),
    wrappedKey: new Uint8Array(48),
  };
  const header = serialiseSealedHeader({ slots: Array(passwords).fill(slot), nonce: new Uint8Array(12) });
  return header.length + plainLength + tagLength;
}

/**
 * Opens a sealed file.
 *
 * @throws BW-TRUST-001 damaged header, BW-TRUST-002 wrong password, BW-TRUST-003 damaged body
 */
export async function unseal(sealed: Uint8Array, password: string): Promise<Uint8Array> {
  const file = parseSealed(sealed);
  const dataKey = await openSlot(file, password);
  try {
    return decryptBody(file, dataKey);
  } finally {
    dataKey.fill(0);
  }
}

/** The same content, opened by one more password. @throws as `unseal` and `seal` */
export async function addPassword(
  sealed: Uint8Array,
  password: string,
  added: string,
  options: SealOptions = {},
): Promise<Uint8Array> {
  const { random = randomBytes } = options;
  const file = parseSealed(sealed);
  checkPasswords([...file.header.slots.map(() => password), added]);
  const dataKey = await openSlot(file, password);
  try {
    const slots = [...file.header.slots, await wrap(dataKey, added, checkedCost(options), random)];
    return encryptBody(decryptBody(file, dataKey), dataKey, slots, random(12));
  } finally {
    dataKey.fill(0);
  }
}

async function wrap(
  dataKey: Uint8Array,
  password: string,
  cost: PasswordCost,
  random: (size: number) => Uint8Array,
): Promise<PasswordSlot> {
  const salt = random(16);
  const nonce = random(12);
  const key = await passwordKey(password, salt, cost);
  const wrappedKey = encrypt(dataKey, key, nonce);
  key.fill(0);
  return { ...cost, salt, nonce, wrappedKey };
}

async function openSlot(file: SealedFile, password: string): Promise<Uint8Array> {
  for (const slot of file.header.slots) {
    const key = await passwordKey(password, slot.salt, slot);
    const dataKey = decrypt(slot.wrappedKey, key, slot.nonce);
    key.fill(0);
    if (dataKey !== undefined) return dataKey;
  }
  throw new BootwrightError('BW-TRUST-002', 'The password does not open the sealed file.');
}

function encryptBody(
  plain: Uint8Array,
  dataKey: Uint8Array,
  slots: readonly PasswordSlot[],
  nonce: Uint8Array,
): Uint8Array {
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

function checkPasswords(passwords: readonly string[]): void {
  if (passwords.length < 1 || passwords.length > sealedLimits.slots)
    throw new BootwrightError(
      'BW-TRUST-004',
      `A sealed file has between 1 and ${sealedLimits.slots} passwords, not ${passwords.length}.`,
    );
  if (passwords.some((password) => password === ''))
    throw new BootwrightError('BW-TRUST-004', 'An empty password protects nothing: nothing was sealed.');
}
