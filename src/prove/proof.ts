import type { KeyObject } from 'node:crypto';
import { exists, readText, writeAtomically } from '../host/files.ts';
import { BootwrightError } from '../model/error.ts';
import type { PublicKey } from '../trust/public-key.ts';
import { signBytes, signerOf } from '../trust/signature.ts';
import type { GuestEvent } from './guest-event.ts';
import type { Check } from './judge.ts';
import type { DiskKind, Profile } from './machine.ts';
import type { Expectation } from './script.ts';

/** The record of a medium having been booted: what lies in `FILE.proof.json`. */
export interface Proof {
  readonly format: 'bootwright-proof/1';
  readonly medium: ProvenMedium;
  /** One per profile, disk and expectation; the latest run replaces the one before. */
  readonly runs: readonly ProofRun[];
}

export interface ProvenMedium {
  readonly file: string;
  readonly id: string;
  readonly size: number;
  readonly sha256: string;
}

export interface ProofRun {
  readonly profile: Profile;
  readonly disk: DiskKind;
  readonly tpm: boolean;
  readonly expect: Expectation;
  readonly result: 'passed' | 'failed';
  /** Why it failed: code and message. */
  readonly failure?: { readonly code: string; readonly message: string };
  readonly startedAt: string;
  readonly seconds: number;
  readonly firmware: { readonly name: string; readonly sha256: string };
  readonly emulator: { readonly version: string; readonly acceleration: string };
  readonly checks: readonly Check[];
  readonly screenshot?: { readonly file: string; readonly sha256: string };
  readonly events: readonly GuestEvent[];
}

export interface ProofFile {
  readonly proof: Proof;
  /** Ed25519 over the UTF-8 bytes of `JSON.stringify(proof)`; absent when there was no key to sign with. */
  readonly signature?: { readonly key: string; readonly value: string };
}

export interface ProofSigner {
  readonly privateKey: KeyObject;
  readonly publicKey: PublicKey;
}

/** `x.proof.json` beside `x.iso`. */
export function proofPath(iso: string): string {
  return `${iso.replace(/\.iso$/i, '')}.proof.json`;
}

/** `x.cd-uefi.png` beside `x.iso`. */
export function screenPath(iso: string, profile: Profile): string {
  return `${iso.replace(/\.iso$/i, '')}.${profile}.png`;
}

/** Adds a run to the medium's proof; runs of an earlier version of the medium are dropped. */
export function addRun(previous: Proof | undefined, medium: ProvenMedium, run: ProofRun): Proof {
  const same = previous?.medium.sha256 === medium.sha256 ? previous.runs : [];
  const others = same.filter(
    ({ profile, disk, expect, tpm }) =>
      profile !== run.profile || disk !== run.disk || expect !== run.expect || tpm !== run.tpm,
  );
  return { format: 'bootwright-proof/1', medium, runs: [...others, run] };
}

export function signProof(proof: Proof, signer: ProofSigner | undefined): ProofFile {
  if (signer === undefined) return { proof };
  const value = signBytes(new TextEncoder().encode(JSON.stringify(proof)), signer.privateKey);
  return {
    proof,
    signature: { key: signer.publicKey.fingerprint, value: Buffer.from(value).toString('base64') },
  };
}

/**
 * Checks a proof against the keys a site trusts and the medium it is about.
 *
 * @throws BW-PROVE-010 unsigned, signed by another key, changed, or of another medium; BW-TRUST-009 revoked key
 */
export function verifyProof(file: ProofFile, mediumSha256: string, keys: readonly PublicKey[]): Proof {
  const { proof, signature } = file;
  if (proof.format !== 'bootwright-proof/1') {
    throw new BootwrightError('BW-PROVE-010', `This is no proof we can read (format ${String(proof.format)}).`);
  }
  if (signature === undefined) throw new BootwrightError('BW-PROVE-010', 'The proof is not signed.');
  const bytes = new TextEncoder().encode(JSON.stringify(proof));
  if (signerOf(bytes, Buffer.from(signature.value, 'base64'), keys) === undefined) {
    throw new BootwrightError('BW-PROVE-010', 'The proof was changed, or signed with a key this site does not know.');
  }
  if (proof.medium.sha256 !== mediumSha256) {
    throw new BootwrightError('BW-PROVE-010', 'The proof is about another version of this medium.');
  }
  return proof;
}

/** The medium's proof so far; `undefined` when there is none or it cannot be read. */
export async function readProof(path: string): Promise<ProofFile | undefined> {
  if (!(await exists(path))) return undefined;
  try {
    return JSON.parse(await readText(path)) as ProofFile;
  } catch {
    return undefined;
  }
}

export async function writeProof(path: string, file: ProofFile): Promise<void> {
  await writeAtomically(path, `${JSON.stringify(file, undefined, 2)}\n`);
}

/** Profiles in which this medium passed, by the proof beside its file; none when that is gone or another medium's. */
export async function provenProfiles(file: string, mediumId: string): Promise<string[]> {
  const found = await readProof(proofPath(file)).catch(() => undefined);
  if (found?.proof.medium.id !== mediumId) return [];
  return [...new Set(found.proof.runs.filter(({ result }) => result === 'passed').map(({ profile }) => profile))];
}
