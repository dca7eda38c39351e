import type { RunSecrets } from '../engine/state.ts';
import { randomBytes } from '../host/random.ts';
import { BootwrightError } from '../model/error.ts';
import type { Policy } from '../model/policy.ts';
import { aesGcm } from '../trust/authenticated-cipher.ts';

/** What a restart must not lose and nobody else may read. */
export interface VaultContent {
  readonly policy: Policy;
  readonly variables: RunSecrets;
}

/** Keeps a vault's key: the TPM, or the medium's password. */
export interface KeyKeeper {
  readonly kind: 'tpm' | 'password';
  seal(key: Uint8Array): Promise<Uint8Array>;
  /** @throws when this keeper cannot open it */
  open(sealed: Uint8Array): Promise<Uint8Array>;
}

/** Encrypts under one random key for the whole run, so that a save costs no key derivation and no TPM command. */
export interface Vault {
  /** Opens without a person, because a TPM keeps a key of it. */
  readonly opensAlone: boolean;
  seal(content: VaultContent): string;
}

interface VaultFile {
  readonly format: 'bootwright-vault/1';
  readonly mediumId: string;
  readonly slots: readonly { readonly kind: KeyKeeper['kind']; readonly key: string }[];
  readonly nonce: string;
  /** Ciphertext and 16-byte tag; AES-256-GCM with everything above it as associated data. */
  readonly body: string;
}

type VaultHeader = Omit<VaultFile, 'nonce' | 'body'>;

/** A vault that any of the keepers can open later; `undefined` when there is no keeper, and so no safe place. */
export async function createVault(mediumId: string, keepers: readonly KeyKeeper[]): Promise<Vault | undefined> {
  if (keepers.length === 0) return undefined;
  const key = randomBytes(32);
  const slots = [];
  for (const keeper of keepers) slots.push({ kind: keeper.kind, key: base64(await keeper.seal(key)) });
  return vaultOf({ format: 'bootwright-vault/1', mediumId, slots }, key);
}

/**
 * Opens a vault with the first keeper that can.
 *
 * @throws BW-AGENT-005 when none can, or the file is damaged or another medium's
 */
export async function openVault(
  text: string,
  mediumId: string,
  keepers: readonly KeyKeeper[],
): Promise<{ readonly vault: Vault; readonly content: VaultContent }> {
  const file = parse(text);
  if (file.mediumId !== mediumId) throw unusable('they belong to another medium');
  const { nonce, body, ...header } = file;
  for (const keeper of keepers)
    for (const slot of header.slots.filter(({ kind }) => kind === keeper.kind)) {
      const key = await keeper.open(Buffer.from(slot.key, 'base64')).catch(() => undefined);
      if (key === undefined) continue;
      const content = decrypt(key, header, Buffer.from(nonce, 'base64'), Buffer.from(body, 'base64'));
      return { vault: vaultOf(header, key), content };
    }
  throw unusable('neither the TPM of this machine nor the password opens them');
}

/** Which keepers could open the vault, e.g. to ask for a password only when that helps. */
export function vaultSlots(text: string): readonly KeyKeeper['kind'][] {
  return parse(text).slots.map(({ kind }) => kind);
}

function vaultOf(header: VaultHeader, key: Uint8Array): Vault {
  return {
    opensAlone: header.slots.some(({ kind }) => kind === 'tpm'),
    seal(content) {
      const nonce = randomBytes(12);
      const body = aesGcm.encrypt(Buffer.from(JSON.stringify(content)), key, nonce, associated(header));
      return JSON.stringify({ ...header, nonce: base64(nonce), body: base64(body) } satisfies VaultFile);
    },
  };
}

function decrypt(key: Uint8Array, header: VaultHeader, nonce: Uint8Array, body: Uint8Array): VaultContent {
  const plain = aesGcm.decrypt(body, key, nonce, associated(header));
  if (plain === undefined) throw unusable('they were changed or damaged');
  return JSON.parse(Buffer.from(plain).toString()) as VaultContent;
}

function associated({ format, mediumId, slots }: VaultHeader): Uint8Array {
  return Buffer.from(JSON.stringify([format, mediumId, slots.map(({ kind, key }) => [kind, key])]));
}

function parse(text: string): VaultFile {
  try {
    const file = JSON.parse(text) as VaultFile;
    if (file.format === 'bootwright-vault/1' && Array.isArray(file.slots)) return file;
  } catch (cause) {
    throw unusable('they are damaged', cause);
  }
  throw unusable('they are in an unknown form');
}

function unusable(why: string, cause?: unknown): BootwrightError {
  return new BootwrightError('BW-AGENT-005', `The secrets saved on the target cannot be used: ${why}.`, { cause });
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
