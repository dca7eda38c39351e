import { exists } from '../host/files.ts';
import { openTpm, type TpmTransport } from '../host/tpm.ts';
import { seal, unseal } from '../trust/seal.ts';
import { sealToTpm, unsealFromTpm } from '../trust/tpm-seal.ts';
import type { KeyKeeper } from './vault.ts';

/** Opens the machine's TPM for one use; `undefined` when it has none. */
export async function withTpm<T>(device: string, use: (tpm: TpmTransport) => Promise<T>): Promise<T | undefined> {
  if (!(await exists(device))) return undefined;
  const tpm = await openTpm();
  try {
    return await use(tpm);
  } finally {
    await tpm.close();
  }
}

/** The machine's TPM, when it has one that works; a broken one is reported and done without. */
export async function tpmKeeper(device: string, warn: (text: string) => void): Promise<KeyKeeper | undefined> {
  if (!(await exists(device))) return undefined;
  const keeper: KeyKeeper = {
    kind: 'tpm',
    async seal(key) {
      const tpm = await openTpm();
      try {
        return await sealToTpm(tpm, key);
      } finally {
        await tpm.close();
      }
    },
    async open(sealed) {
      const tpm = await openTpm();
      try {
        return await unsealFromTpm(tpm, sealed);
      } finally {
        await tpm.close();
      }
    },
  };
  try {
    // A trial: firmware shows TPMs that are switched off or locked out.
    const sealed = await keeper.seal(new Uint8Array(32));
    await keeper.open(sealed);
    return keeper;
  } catch (error) {
    warn(`The TPM of this machine is not used: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

/** The medium's password, which is asked again after a restart of the boot environment. */
export function passwordKeeper(password: string): KeyKeeper {
  return {
    kind: 'password',
    seal: (key) => seal(key, [password]),
    open: (sealed) => unseal(sealed, password),
  };
}
