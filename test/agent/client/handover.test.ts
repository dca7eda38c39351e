import { describe, expect, it } from 'vitest';
import { openHandover, sealHandover } from '../../../src/agent/client/handover.ts';
import { newReports } from '../../../src/agent/online/reports.ts';
import type { KeyKeeper } from '../../../src/agent/vault.ts';

const secrets = { session: 'ab'.repeat(16), key: { purpose: 'sealing' as const, seed: new Uint8Array(32).fill(7) } };
const facts = {
  mark: 'cd'.repeat(16),
  deployment: 'R1',
  reports: newReports({ deployment: 'R1', servers: [], authority: '' }),
};
const tpm: KeyKeeper = {
  kind: 'tpm',
  seal: async (key) => {
    // What a TPM takes at most.
    expect(key.length).toBeLessThanOrEqual(128);
    return key.map((byte) => byte ^ 0xff);
  },
  open: async (sealed) => sealed.map((byte) => byte ^ 0xff),
};

describe('what a running system hands over', () => {
  it('comes out as it went in, with a TPM and without', async () => {
    for (const keeper of [tpm, undefined]) {
      const handover = await sealHandover(facts, secrets, keeper);
      expect(await openHandover(handover, keeper === undefined ? [] : [keeper])).toEqual(secrets);
    }
  });

  it('is not in the clear where there is a TPM, and opens nowhere else', async () => {
    const handover = await sealHandover(facts, secrets, tpm);
    expect(Buffer.from(handover.secrets, 'base64').toString('hex')).not.toContain(secrets.session);
    await expect(openHandover(handover, [])).rejects.toThrow(/TPM/);
  });
});
