import { createSecureContext } from 'node:tls';

/**
 * The certificate in a PFX (DER), without its private key. `undefined` when the password is wrong or the ciphers are
 * ones that OpenSSL 3 has put away.
 */
export function certificateOfPfx(pfx: Uint8Array, passphrase: string): Uint8Array | undefined {
  try {
    const { context } = createSecureContext({ pfx: Buffer.from(pfx), passphrase }) as {
      context: { getCertificate?: () => Uint8Array | null };
    };
    return context.getCertificate?.() ?? undefined;
  } catch {
    return undefined;
  }
}
