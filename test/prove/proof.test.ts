import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  addRun,
  type Proof,
  type ProofRun,
  proofPath,
  screenPath,
  signProof,
  verifyProof,
} from '../../src/prove/proof.ts';
import { publicKey, rawPublicKey } from '../../src/trust/public-key.ts';

function signer() {
  const { privateKey } = generateKeyPairSync('ed25519');
  return { privateKey, publicKey: publicKey('signing', rawPublicKey(privateKey), '2026-01-01T00:00:00Z') };
}

const medium = { file: 'x.iso', id: 'a'.repeat(32), size: 1, sha256: 'b'.repeat(64) };
const run: ProofRun = {
  profile: 'cd-uefi',
  disk: 'virtio',
  tpm: false,
  expect: 'deployed',
  result: 'passed',
  startedAt: '2026-01-01T00:00:00Z',
  seconds: 90,
  firmware: { name: 'OVMF', sha256: 'c' },
  emulator: { version: 'QEMU', acceleration: 'tcg' },
  checks: [{ name: 'partition table', passed: true, found: 'gpt' }],
  events: [{ seconds: 12.5, event: { type: 'boot.mark', name: 'initramfs' } }],
};

describe('the proof', () => {
  it('holds after a way through a file, and not when a letter of it was changed', () => {
    const key = signer();
    const text = JSON.stringify(signProof(addRun(undefined, medium, run), key), undefined, 2);
    expect(verifyProof(JSON.parse(text), medium.sha256, [key.publicKey]).runs).toEqual([run]);
    const forged = JSON.parse(text.replace('"passed"', '"failed"'));
    expect(() => verifyProof(forged, medium.sha256, [key.publicKey])).toThrow(/changed/);
  });

  it("does not hold without a signature, with a stranger's, or for another medium", () => {
    const key = signer();
    const proof = addRun(undefined, medium, run);
    expect(() => verifyProof(signProof(proof, undefined), medium.sha256, [key.publicKey])).toThrow(/not signed/);
    expect(() => verifyProof(signProof(proof, signer()), medium.sha256, [key.publicKey])).toThrow(/does not know/);
    expect(() => verifyProof(signProof(proof, key), 'd'.repeat(64), [key.publicKey])).toThrow(/another version/);
  });

  it('collects runs of one medium, replaces repeated ones, and forgets those of an earlier medium', () => {
    const first = addRun(undefined, medium, run);
    const second = addRun(first, medium, { ...run, profile: 'usb-bios' });
    const third = addRun(second, medium, { ...run, seconds: 80 });
    expect(third.runs.map(({ profile, seconds }) => [profile, seconds])).toEqual([
      ['usb-bios', 90],
      ['cd-uefi', 80],
    ]);
    const changed: Proof = addRun(third, { ...medium, sha256: 'e'.repeat(64) }, run);
    expect(changed.runs).toHaveLength(1);
  });

  it('lies beside the medium', () => {
    expect(proofPath('/a/x.iso')).toBe('/a/x.proof.json');
    expect(screenPath('/a/x.ISO', 'cd-bios')).toBe('/a/x.cd-bios.png');
  });
});
