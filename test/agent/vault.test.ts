import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createVault, type KeyKeeper, openVault, type VaultContent } from '../../src/agent/vault.ts';
import { mediumId, newKey, policyOf } from './medium-tree.ts';

const content: VaultContent = { policy: policyOf([], newKey()), variables: { AdminPassword: 'planted-äöü' } };

/** A keeper that works like the TPM does from outside: only the same one opens what it sealed. */
function keeper(kind: KeyKeeper['kind'], pattern: number): KeyKeeper {
  const turn = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte ^ pattern);
  return {
    kind,
    seal: async (key) => Buffer.concat([Buffer.from([pattern]), turn(key)]),
    open: async (sealed) => {
      if (sealed[0] !== pattern) throw new Error('not mine');
      return turn(sealed.subarray(1));
    },
  };
}

const tpm = keeper('tpm', 0x11);
const password = keeper('password', 0x22);

async function sealed(...keepers: KeyKeeper[]): Promise<string> {
  const vault = await createVault(mediumId, keepers);
  return vault!.seal(content);
}

describe('the vault', () => {
  it('gives back what was put in, to any of its keepers', async () => {
    const file = await sealed(tpm, password);
    for (const one of [tpm, password])
      await expect(openVault(file, mediumId, [one])).resolves.toMatchObject({ content });
  });

  it('holds no secret in the clear and is never the same twice', async () => {
    const file = await sealed(tpm);
    expect(file).not.toMatch(/planted|topsecret|AdminPassword|join-password/);
    expect(await sealed(tpm)).not.toBe(file);
    const { vault } = await openVault(file, mediumId, [tpm]);
    expect(JSON.parse(vault.seal(content)).nonce).not.toBe(JSON.parse(file).nonce);
  });

  it('is written on under the same key after it was opened', async () => {
    const { vault } = await openVault(await sealed(tpm, password), mediumId, [tpm]);
    const changed = { ...content, variables: { Other: 'x' } };
    await expect(openVault(vault.seal(changed), mediumId, [password])).resolves.toMatchObject({ content: changed });
  });

  it('is not made without a keeper', async () => {
    await expect(createVault(mediumId, [])).resolves.toBeUndefined();
  });

  it.each<[string, (file: string) => Promise<unknown>]>([
    ['another TPM', (file) => openVault(file, mediumId, [keeper('tpm', 0x33)])],
    ['no keeper of its kind', (file) => openVault(file, mediumId, [password])],
    ['another medium', (file) => openVault(file, 'f'.repeat(32), [tpm])],
    ['half a file', (file) => openVault(file.slice(0, -40), mediumId, [tpm])],
    ['no vault', () => openVault('{}', mediumId, [tpm])],
    [
      'a slot added',
      (file) => {
        const parsed = JSON.parse(file);
        return openVault(JSON.stringify({ ...parsed, slots: [...parsed.slots, parsed.slots[0]] }), mediumId, [tpm]);
      },
    ],
  ])('refuses %s', async (_, open) => {
    await expect(open(await sealed(tpm))).rejects.toMatchObject({ code: 'BW-AGENT-005' });
  });

  it('refuses every changed byte of its body', async () => {
    const parsed = JSON.parse(await sealed(tpm)) as { body: string };
    const body = Buffer.from(parsed.body, 'base64');
    await fc.assert(
      fc.asyncProperty(fc.nat(body.length - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
        const changed = Buffer.from(body);
        changed[at]! ^= mask;
        const file = JSON.stringify({ ...parsed, body: changed.toString('base64') });
        await expect(openVault(file, mediumId, [tpm])).rejects.toMatchObject({ code: 'BW-AGENT-005' });
      }),
    );
  });
});
