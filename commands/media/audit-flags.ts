import { Flags } from '@oclif/core';
import type { AuditRequest } from '../../src/build/audit/request.ts';
import { now } from '../../src/host/clock.ts';
import { readText } from '../../src/host/files.ts';
import { canAsk } from '../../src/host/terminal.ts';
import type { AuditFinding } from '../../src/model/audit.ts';
import { exitCodes } from '../../src/model/errors/entry.ts';
import { type PublicKey, parsePublicKey } from '../../src/trust/public-key.ts';
import { siteFolder } from '../key/flags.ts';
import { mediumSecret, secretFlags } from './secret-flags.ts';

/** What the commands that judge a medium share. */
export const auditFlags = {
  ...secretFlags,
  'no-password': Flags.boolean({
    description: 'judge only what everybody sees',
    exclusive: ['password-file', 'private-key'],
  }),
  key: Flags.string({ description: 'public key of the maker; may be repeated', helpValue: 'FILE.pub', multiple: true }),
  site: Flags.string({
    description: 'site whose keys are believed; the current folder if it is one',
    helpValue: 'DIR',
  }),
};

interface Given {
  readonly 'password-file': string | undefined;
  readonly 'private-key': string | undefined;
  readonly 'no-password': boolean;
  readonly key: string[] | undefined;
  readonly site: string | undefined;
}

export async function auditRequest(flags: Given): Promise<AuditRequest> {
  const { deployedSecrets } = await import('../../src/agent/deployed-secrets.ts');
  const isGiven = flags['password-file'] !== undefined || flags['private-key'] !== undefined;
  const opens = !flags['no-password'] && (isGiven || canAsk());
  return {
    keys: await believedKeys(flags.key, flags.site),
    deployedSecrets,
    now: now(),
    ...(opens ? { secret: mediumSecret(flags) } : {}),
  };
}

/** Without keys the rest is still worth saying. */
async function believedKeys(files: readonly string[] | undefined, site: string | undefined): Promise<PublicKey[]> {
  if (files !== undefined) return Promise.all(files.map(async (file) => parsePublicKey(await readText(file), file)));
  const { readPublicKeys } = await import('../../src/trust/keys.ts');
  const folder = await siteFolder(site ?? '.').catch((error: unknown) => {
    if (site !== undefined) throw error;
    return undefined;
  });
  return folder === undefined ? [] : readPublicKeys(folder);
}

/** 5 when something is serious, 4 when something is a warning. */
export function exitBySeverity([worst]: readonly AuditFinding[]): void {
  if (worst?.severity === 'serious') process.exitCode = exitCodes.untrusted;
  if (worst?.severity === 'warning') process.exitCode = exitCodes.refused;
}

export function findingLines(findings: readonly AuditFinding[]): string[] {
  return findings.flatMap(({ severity, subject, message, fix }) => [
    `${severity.toUpperCase().padEnd(8)} ${subject}: ${message}`,
    ...(fix === undefined || severity === 'note' ? [] : [`         ${fix}`]),
  ]);
}
