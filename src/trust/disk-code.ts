import type { KeyObject } from 'node:crypto';
import { BootwrightError } from '../model/error.ts';
import { newRecoveryKey } from './recovery-key.ts';
import { bodyKey, seal, unseal, unsealByBodyKey } from './seal.ts';

/** On the data partition of a prestaged disk, beside the sealed part: a further way in, made for this one disk. */
export const diskCodePath = 'bootwright/disk-code.sealed';

const keyLength = 32;
const prefix = 'bootwright-key:';

/**
 * A code for one disk. The key of the sealed part, sealed for that code, lies beside it: the sealed part, its signature and
 * its password stay as they are, and whoever makes codes need not know what is in it.
 *
 * @param opener whatever opens the medium: password, recovery key, private key of a recipient
 * @throws BW-TRUST-001 to -003
 */
export async function makeDiskCode(
  sealed: Uint8Array,
  opener: string | KeyObject,
): Promise<{ readonly code: string; readonly file: Uint8Array }> {
  const key = await bodyKey(sealed, opener);
  const code = newRecoveryKey();
  return { code, file: await seal(key, [{ recoveryKey: code }]) };
}

/** The key of a medium's sealed part as text, for a key stick. It opens all disks of that medium. */
export async function makeKeyText(sealed: Uint8Array, opener: string | KeyObject): Promise<string> {
  return `${prefix}${Buffer.from(await bodyKey(sealed, opener)).toString('base64')}`;
}

/**
 * Opens a sealed part by whatever was typed or found: password, recovery key, this disk's code, the text of a key stick.
 *
 * @param diskCode what lies at `diskCodePath`
 * @throws BW-TRUST-001, BW-TRUST-002 nothing of it opens, BW-TRUST-003
 */
export async function openByCode(
  sealed: Uint8Array,
  secret: string,
  diskCode: Uint8Array | undefined,
): Promise<Uint8Array> {
  if (secret.startsWith(prefix)) {
    const key = Buffer.from(secret.slice(prefix.length), 'base64');
    if (key.length !== keyLength) throw new BootwrightError('BW-TRUST-002', 'This is no key of a medium.');
    return unsealByBodyKey(sealed, key);
  }
  try {
    return await unseal(sealed, secret);
  } catch (error) {
    if (diskCode === undefined || !(error instanceof BootwrightError) || error.code !== 'BW-TRUST-002') throw error;
    // A damaged file beside it must not hide that the password was wrong.
    const key = await unseal(diskCode, secret).catch(() => undefined);
    if (key === undefined) throw error;
    return unsealByBodyKey(sealed, key);
  }
}
