import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

export interface TestAuthority {
  /** PEM. */
  readonly certificate: string;
  issue(
    name: { readonly type: 'ip' | 'dns'; readonly value: string },
    days?: number,
  ): Promise<{ cert: string; key: string }>;
}

/** A certificate authority of the test's own. */
export async function makeAuthority(): Promise<TestAuthority> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const notBefore = new Date(Date.now() - 40 * 86_400_000);
  const notAfter = new Date(Date.now() + 86_400_000);
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    ...{ name: `CN=Test ${crypto.randomUUID()}`, keys, notBefore, notAfter, signingAlgorithm: algorithm },
    extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
  });
  return {
    certificate: authority.toString('pem'),
    async issue(name, days = 1) {
      const own = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
      const certificate = await x509.X509CertificateGenerator.create({
        ...{ subject: 'CN=server', issuer: authority.subject, publicKey: own.publicKey, signingKey: keys.privateKey },
        ...{ signingAlgorithm: algorithm, notBefore, notAfter: new Date(Date.now() + days * 86_400_000) },
        extensions: [new x509.SubjectAlternativeNameExtension([name])],
      });
      const der = Buffer.from(await crypto.subtle.exportKey('pkcs8', own.privateKey));
      const key = `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----\n`;
      return { cert: certificate.toString('pem'), key };
    },
  };
}
