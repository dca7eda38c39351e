import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { decodeBech32 } from '../formats/bech32.ts';
import { readBytes } from '../host/files.ts';
import { run } from '../host/process.ts';
import { BootwrightError } from '../model/error.ts';
import { recipientHash } from './key-slots.ts';
import { privateKeyObject } from './private-key.ts';
import { publicKeyObject } from './public-key.ts';

/** Somebody who can open a sealed file without its password. */
export interface Recipient {
  readonly publicKey: KeyObject;
  /** Subject of the certificate, or what the key is. */
  readonly name: string;
  /** SHA-256 over the public key (SPKI, DER), hex: what the slot of a sealed file names. */
  readonly fingerprint: string;
  /** End of the certificate's time. */
  readonly validTo?: Date;
}

/** Asked for only when the file turns out to need it. */
export type FilePassword = () => Promise<string>;

/**
 * Reads a recipient: a certificate (PEM, DER, or in a PFX), a public key (PEM) or an age recipient.
 *
 * @throws BW-KEY-090 none of these, or too weak, BW-KEY-091 wrong password of a PFX, BW-HOST-007
 */
export async function readRecipient(file: string, password: FilePassword): Promise<Recipient> {
  const bytes = Buffer.from(await readBytes(file));
  if (isPfx(bytes)) return ofCertificate(Buffer.from(await openPfx(file, password, '-nokeys')), file);
  const text = bytes.toString('latin1');
  const age = /(?:^|\s)(age1[02-9a-z]+)\s*$/m.exec(text)?.[1];
  if (age !== undefined) return recipient(publicKeyObject('sealing', decodeBech32('age', age)), 'age recipient', file);
  if (!text.includes('-----BEGIN PUBLIC KEY-----')) return ofCertificate(bytes, file);
  try {
    return recipient(createPublicKey(text), 'public key', file);
  } catch (cause) {
    throw unusable(file, 'its public key cannot be read', cause);
  }
}

/**
 * Reads the private half: PEM (with a passphrase or without), the key of a PFX, or an age identity.
 *
 * @throws BW-KEY-090 none of these, BW-KEY-091 its password is wrong, BW-HOST-007
 */
export async function readIdentity(file: string, password: FilePassword): Promise<KeyObject> {
  const bytes = Buffer.from(await readBytes(file));
  if (isPfx(bytes)) return createPrivateKey(await openPfx(file, password, '-nocerts'));
  const text = bytes.toString('latin1');
  const age = /^AGE-SECRET-KEY-1[02-9A-Z]+$/m.exec(text)?.[0];
  if (age !== undefined) return privateKeyObject({ purpose: 'sealing', seed: decodeBech32('age-secret-key-', age) });
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) throw unusable(file, 'it holds no private key');
  const isEncrypted = text.includes('ENCRYPTED');
  const passphrase = isEncrypted ? await password() : undefined;
  try {
    return createPrivateKey(passphrase === undefined ? text : { key: text, passphrase });
  } catch {
    // No cause: it could quote the key.
    throw isEncrypted ? wrongPassword(file) : unusable(file, 'its private key cannot be read');
  }
}

function ofCertificate(bytes: Uint8Array, file: string): Recipient {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(bytes);
  } catch (cause) {
    throw unusable(file, 'it is neither a certificate, a PFX, a public key nor an age recipient', cause);
  }
  const name = certificate.subject.split('\n').join(', ');
  return { ...recipient(certificate.publicKey, name, file), validTo: new Date(certificate.validTo) };
}

function recipient(publicKey: KeyObject, name: string, file: string): Recipient {
  const { asymmetricKeyType, asymmetricKeyDetails: { modulusLength = 0, namedCurve = '' } = {} } = publicKey;
  const bits = `an RSA key of ${modulusLength} bits`;
  if (asymmetricKeyType === 'rsa' && modulusLength < 2048) throw unusable(file, `${bits} is too weak`);
  if (asymmetricKeyType === 'rsa' && modulusLength > 8192)
    throw unusable(file, `${bits} is larger than sealed files allow`);
  const isCurve = asymmetricKeyType === 'x25519' || ['prime256v1', 'secp384r1', 'secp521r1'].includes(namedCurve);
  if (asymmetricKeyType !== 'rsa' && !isCurve)
    throw unusable(file, `nothing can be encrypted to its key (${namedCurve === '' ? asymmetricKeyType : namedCurve})`);
  return { publicKey, name, fingerprint: Buffer.from(recipientHash(publicKey)).toString('hex') };
}

/** PFX is a sequence that starts with the version 3; a certificate starts with another sequence. */
function isPfx(bytes: Uint8Array): boolean {
  const [tag, length = 0] = bytes;
  const start = 2 + (length & 0x80 ? length & 0x7f : 0);
  return tag === 0x30 && bytes[start] === 2 && bytes[start + 1] === 1 && bytes[start + 2] === 3;
}

/** OpenSSL knows every cipher PFX files were ever made with. What comes out stays in memory. */
async function openPfx(file: string, password: FilePassword, part: '-nokeys' | '-nocerts'): Promise<string> {
  const input = `${await password()}\n`;
  for (const old of [[], ['-legacy']]) {
    const options = ['-in', file, '-passin', 'stdin', '-nodes', '-clcerts', part, ...old];
    const { code, stdout } = await run('openssl', ['pkcs12', ...options], { input, accept: [1] });
    const pem = /-----BEGIN [\s\S]+?-----END [A-Z ]+-----/.exec(stdout)?.[0];
    if (code === 0 && pem !== undefined) return pem;
  }
  throw wrongPassword(file);
}

function wrongPassword(file: string): BootwrightError {
  return new BootwrightError('BW-KEY-091', `The password does not open ${file}.`, { place: { file } });
}

function unusable(file: string, why: string, cause?: unknown): BootwrightError {
  return new BootwrightError('BW-KEY-090', `${file} cannot be used: ${why}.`, { place: { file }, cause });
}
