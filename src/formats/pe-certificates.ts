import { certificateEntries, signerNames } from './pe-signers.ts';

/** One Authenticode signature of an EFI program. Says what it says of itself: nothing is verified. */
export interface ProgramSignature {
  /** Common names: of the certificate that signed, and of the authority that issued it. */
  readonly signer: string;
  readonly authority: string;
  /** ISO 8601 UTC. Firmware has no trusted clock and does not compare them: an expired one still starts. */
  readonly validFrom?: string;
  readonly validTo?: string;
}

/** Every signature of an EFI program, in the order firmware meets them; a loader may have several. */
export async function programSignatures(program: Uint8Array): Promise<ProgramSignature[]> {
  const names = signerNames(program);
  const signatures: ProgramSignature[] = [];
  for (const [index, entry] of certificateEntries(program).entries()) {
    const [first = 'nobody named', second = first] = names[index] ?? [];
    signatures.push((await leafOf(entry)) ?? { signer: first, authority: second });
  }
  return signatures;
}

/** The certificate that issued none of the others. */
async function leafOf(signedData: Uint8Array): Promise<ProgramSignature | undefined> {
  // Its decorators want the metadata polyfill to be there first.
  await import('reflect-metadata');
  const { X509Certificates } = await import('@peculiar/x509');
  try {
    const certificates = [...new X509Certificates(signedData)];
    const leaf = certificates.find(
      (each) => !certificates.some((other) => other !== each && other.issuer === each.subject),
    );
    if (leaf === undefined) return undefined;
    const [signer = leaf.subject] = leaf.subjectName.getField('CN');
    const [authority = leaf.issuer] = leaf.issuerName.getField('CN');
    return { signer, authority, validFrom: leaf.notBefore.toISOString(), validTo: leaf.notAfter.toISOString() };
  } catch {
    // Bytes of any kind may stand in a certificate table.
    return undefined;
  }
}
