import { createHash, createPrivateKey, type webcrypto, X509Certificate } from 'node:crypto';

import { join } from 'node:path';
import { isIP } from '../host/addresses.ts';
import { exists, readText, writeAtomically } from '../host/files.ts';
import { privateKeyFolder, readPrivateFile, writePrivateFile } from '../host/private-files.ts';
import type { TlsCertificate } from '../host/web-server.ts';
import { BootwrightError } from '../model/error.ts';

/*
 * TLS only keeps strangers from reading (docs/formats/policy.md): an EC P-256 authority of the site's own, whose certificate
 * media carry, and a certificate from it for the names and addresses of this server.
 */

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const day = 86_400_000;
const authorityDays = 3650;
const serverDays = 90;

export interface ServedCertificate extends TlsCertificate {
  /** SHA-256 of the authority's certificate (or of the user's own), hex: what people compare. */
  readonly fingerprint: string;
  readonly validTo: Date;
}

interface Authority {
  readonly certificate: string;
  readonly key: string;
}

/**
 * The certificate to serve with: the one from last time, or a new one when the names changed or a third of its time is
 * left. Makes the site's authority at first use.
 */
export async function siteCertificate(
  siteFolder: string,
  names: readonly string[],
  siteName: string,
  now: Date,
): Promise<ServedCertificate> {
  const authority = await siteAuthority(siteFolder, siteName, now);
  const fingerprint = certificateFingerprint(authority.certificate);
  const file = join(privateKeyFolder(), `server-${fingerprint.slice(0, 16)}.pem`);
  const known = Buffer.from((await readPrivateFile(file)) ?? []).toString('utf8');
  const [certificate = '', key = ''] = known.split(/(?=-----BEGIN PRIVATE KEY-----)/);
  if (key !== '' && isStillGood(certificate, authority.certificate, names, now))
    return { certificate, key, fingerprint, validTo: new X509Certificate(certificate).validToDate };
  const made = await issue(authority, names, now);
  await writePrivateFile(file, made.certificate + made.key);
  return { ...made, fingerprint, validTo: new X509Certificate(made.certificate).validToDate };
}

/** The user's own certificate with its chain. @throws BW-SERVER-020, BW-HOST-007 */
export async function ownCertificate(certificateFile: string, keyFile: string): Promise<ServedCertificate> {
  const [certificate, key] = [await readText(certificateFile), await readText(keyFile)];
  try {
    const parsed = new X509Certificate(certificate);
    if (!parsed.checkPrivateKey(createPrivateKey(key))) throw new Error('the key belongs to another certificate');
    return { certificate, key, fingerprint: certificateFingerprint(certificate), validTo: parsed.validToDate };
  } catch (cause) {
    const why = (cause as Error).message;
    throw new BootwrightError('BW-SERVER-020', `${certificateFile} and ${keyFile} do not make a certificate: ${why}.`, {
      cause,
      place: { file: certificateFile },
    });
  }
}

/** SHA-256 of a certificate in PEM, hex, as `openssl x509 -fingerprint -sha256` prints it with colons. */
function certificateFingerprint(pem: string): string {
  return createHash('sha256').update(new X509Certificate(pem).raw).digest('hex');
}

function isStillGood(pem: string, authority: string, names: readonly string[], now: Date): boolean {
  const certificate = new X509Certificate(pem);
  const [from, to] = [certificate.validFromDate.getTime(), certificate.validToDate.getTime()];
  return (
    certificate.checkIssued(new X509Certificate(authority)) &&
    from <= now.getTime() &&
    to - now.getTime() > (to - from) / 3 &&
    names.every((name) => (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined)
  );
}

/** Certificate of the site's authority, PEM; `undefined` as long as nothing made one. */
export async function knownAuthority(siteFolder: string): Promise<string | undefined> {
  const file = authorityFile(siteFolder);
  return (await exists(file)) ? readText(file) : undefined;
}

/** The site's authority, made at first use. @throws BW-SERVER-020 */
export async function siteAuthority(siteFolder: string, siteName: string, now: Date): Promise<Authority> {
  const file = authorityFile(siteFolder);
  if (await exists(file)) {
    const certificate = await readText(file);
    const keyFile = authorityKeyFile(certificate);
    const key = await readPrivateFile(keyFile);
    if (key !== undefined) return { certificate, key: Buffer.from(key).toString('utf8') };
    throw new BootwrightError(
      'BW-SERVER-020',
      `The private key of ${file} is not on this machine: there is no ${keyFile}.`,
      {
        fix: 'Copy it here from the machine that served before, or remove ca.pem: a new authority is made, and media must be made again.',
      },
    );
  }
  const made = await makeAuthority(siteName, now);
  // The private half first, so that a certificate never lies about its existence.
  await writePrivateFile(authorityKeyFile(made.certificate), made.key);
  await writeAtomically(file, made.certificate);
  return made;
}

function authorityFile(siteFolder: string): string {
  return join(siteFolder, 'keys', 'ca.pem');
}

function authorityKeyFile(certificate: string): string {
  return join(privateKeyFolder(), `ca-${certificateFingerprint(certificate).slice(0, 16)}.key`);
}

async function makeAuthority(siteName: string, now: Date): Promise<Authority> {
  const x509 = await library();
  const { KeyUsageFlags } = x509;
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [`Bootwright ${siteName}`.slice(0, 64)] }],
    ...{ keys, signingAlgorithm: algorithm },
    ...lifetime(now, authorityDays),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: `${certificate.toString('pem')}\n`, key: await exportKey(keys.privateKey) };
}

async function issue(authority: Authority, names: readonly string[], now: Date): Promise<Authority> {
  const x509 = await library();
  const { KeyUsageFlags, ExtendedKeyUsage } = x509;
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const der = Buffer.from(authority.key.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  const issuer = new x509.X509Certificate(authority.certificate);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: [{ CN: [(names[0] ?? 'bootwright').slice(0, 64)] }],
    issuer: issuer.subject,
    ...{ publicKey: keys.publicKey, signingAlgorithm: algorithm },
    signingKey: await crypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']),
    ...lifetime(now, serverDays),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value })),
      ),
    ],
  });
  return { certificate: `${certificate.toString('pem')}\n`, key: await exportKey(keys.privateKey) };
}

/** Begins a day early: machines whose clock is a little behind shall not be turned away. */
function lifetime(now: Date, days: number): { readonly notBefore: Date; readonly notAfter: Date } {
  return { notBefore: new Date(now.getTime() - day), notAfter: new Date(now.getTime() + days * day) };
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const base64 = Buffer.from(await crypto.subtle.exportKey('pkcs8', key)).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${base64.match(/.{1,64}/g)?.join('\n')}\n-----END PRIVATE KEY-----\n`;
}

/** A tenth of a second to load. Its decorators want the metadata polyfill to be there first. */
async function library(): Promise<typeof import('@peculiar/x509')> {
  await import('reflect-metadata');
  return import('@peculiar/x509');
}
