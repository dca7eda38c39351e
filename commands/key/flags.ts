import { Flags } from '@oclif/core';
import { promptNewSecret, promptSecret, readPasswordFile } from '../../src/host/prompt.ts';
import type { Passphrase } from '../../src/trust/keys.ts';

/** What the commands about keys and secrets share. */
export const siteFlag = Flags.string({ description: 'the site, or a folder in it', default: '.', helpValue: 'DIR' });

/** @throws BW-SITE-001 */
export async function siteFolder(folder: string): Promise<string> {
  const { findSite } = await import('../../src/site/load.ts');
  return findSite(folder);
}

export const passphraseFileFlag = Flags.string({
  description: 'file with the passphrase that seals private keys (- is standard input)',
  helpValue: 'FILE',
});

/** The passphrase of existing keys: read from the file, or asked for once it turns out to be needed. */
export async function existingPassphrase(file: string | undefined): Promise<Passphrase> {
  return file === undefined
    ? () => promptSecret('Passphrase of the private keys:', '--passphrase-file')
    : readPasswordFile(file);
}

/** A passphrase for new keys: read from the file, asked for with `--passphrase`, else none. */
export async function newPassphrase(file: string | undefined, wanted: boolean): Promise<string | undefined> {
  if (file !== undefined) return readPasswordFile(file);
  return wanted ? promptNewSecret('New passphrase for the private keys:', '--passphrase-file') : undefined;
}
