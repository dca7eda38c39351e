import { exists, readText } from '../../host/files.ts';
import type { PrivateKey } from '../../trust/private-key.ts';
import type { SavedReports } from '../online/reports.ts';
import type { KeyKeeper } from '../vault.ts';

/**
 * What a running system gives to the boot environment it starts: the session that was released there, and the key its
 * policy is encrypted to. Both are worth nothing once the run has ended. No secret of the policy touches the disk.
 */
export interface Handover {
  readonly format: 'bootwright-handover/1';
  readonly mark: string;
  readonly deployment: string;
  /** Session (16 bytes) and key (32 bytes), base64; sealed to the machine's TPM where there is one. */
  readonly secrets: string;
  readonly isSealed: boolean;
  readonly reports: SavedReports;
  /** `false`: nobody can stop it any more, as the offer said. */
  readonly refusable?: false;
}

export interface HandedSecrets {
  /** Bearer, 32 hex digits. */
  readonly session: string;
  readonly key: PrivateKey;
}

export const handoverFile = 'handover.json';

/** What the small archive brought; `undefined` in every other start. */
export async function readHandover(etc: string): Promise<Handover | undefined> {
  const path = `${etc}/${handoverFile}`;
  if (!(await exists(path))) return undefined;
  const handover = JSON.parse(await readText(path)) as Handover;
  if (handover.format !== 'bootwright-handover/1') throw new Error(`${handoverFile} is in an unknown form`);
  return handover;
}

export async function sealHandover(
  facts: Pick<Handover, 'mark' | 'deployment' | 'reports' | 'refusable'>,
  secrets: HandedSecrets,
  tpm: KeyKeeper | undefined,
): Promise<Handover> {
  const plain = Buffer.concat([Buffer.from(secrets.session, 'hex'), secrets.key.seed]);
  const bytes = tpm === undefined ? plain : await tpm.seal(plain);
  return {
    format: 'bootwright-handover/1',
    ...facts,
    secrets: Buffer.from(bytes).toString('base64'),
    isSealed: tpm !== undefined,
  };
}

/** @throws when the TPM of this machine did not seal it */
export async function openHandover(
  { secrets, isSealed }: Handover,
  keepers: readonly KeyKeeper[],
): Promise<HandedSecrets> {
  const kept = Buffer.from(secrets, 'base64');
  const tpm = keepers.find(({ kind }) => kind === 'tpm');
  if (isSealed && tpm === undefined) throw new Error('the TPM that sealed it is not there');
  const plain = Buffer.from(isSealed && tpm !== undefined ? await tpm.open(kept) : kept);
  return {
    session: plain.subarray(0, 16).toString('hex'),
    key: { purpose: 'sealing', seed: Uint8Array.from(plain.subarray(16)) },
  };
}
