import { createDecipheriv, createHash } from 'node:crypto';
import type { ConfigMgrSealed } from '../formats/configmgr-sealed.ts';
import { BootwrightError } from '../model/error.ts';

/**
 * The key as Windows' `CryptDeriveKey` makes it from SHA-1 of the password in UTF-16: no salt, three hashes. `length`
 * is 16, 24 or 32 bytes.
 */
export function configMgrKey(password: string, length: number): Uint8Array {
  const hash = sha1(Buffer.from(password, 'utf16le'));
  const half = (byte: number): Buffer => {
    const block = Buffer.alloc(64, byte);
    for (const [index, value] of hash.entries()) block[index] = value ^ byte;
    return sha1(block);
  };
  return Buffer.concat([half(0x36), half(0x5c)]).subarray(0, length);
}

/**
 * The text in a file of Configuration Manager. The format has no tag: a wrong password and damage look alike, and what
 * opens may still have been changed.
 *
 * @throws BW-TRUST-091
 */
export function unsealConfigMgr(sealed: ConfigMgrSealed, password: string): string {
  const { cipher, keyBytes, blockBytes } = sealed.algorithm;
  const decipher = createDecipheriv(cipher, configMgrKey(password, keyBytes), Buffer.alloc(blockBytes));
  decipher.setAutoPadding(false);
  const plain = Buffer.concat([decipher.update(sealed.ciphertext), decipher.final()]);
  const padding = sealed.ciphertext.length - sealed.plainLength;
  if (!plain.subarray(sealed.plainLength).every((byte) => byte === padding)) throw unopened();
  try {
    const text = new TextDecoder('utf-16le', { fatal: true }).decode(plain.subarray(0, sealed.plainLength));
    return text.replace(/\0+$/, '');
  } catch {
    throw unopened();
  }
}

function sha1(bytes: Uint8Array): Buffer {
  return createHash('sha1').update(bytes).digest();
}

function unopened(): BootwrightError {
  return new BootwrightError(
    'BW-TRUST-091',
    'The password does not open this file of Configuration Manager, or the file is damaged: the format cannot tell.',
  );
}
