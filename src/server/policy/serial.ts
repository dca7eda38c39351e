import { join } from 'node:path';
import { readText, writeAtomically } from '../../host/files.ts';
import { readSetting, type State, writeSetting } from '../state/state.ts';

/** Beside the state database, so that an older copy of that is recognised. */
export function serialFile(siteFolder: string): string {
  return join(siteFolder, '.bootwright', 'policy-serial');
}

/**
 * The next serial of what is served: above every one before, and at least the seconds since 1970. So it also grows when a
 * state database from a backup takes the place of the one that counted, and machines go on instead of refusing.
 */
export async function nextSerial(state: State, siteFolder: string, at: Date): Promise<number> {
  const known = Math.max(await storedSerial(state), await noticedSerial(siteFolder));
  const serial = Math.max(known + 1, Math.floor(at.getTime() / 1000));
  await writeSetting(state, 'policy-serial', String(serial));
  await writeAtomically(serialFile(siteFolder), `${serial}\n`, 0o600);
  return serial;
}

/** Whether the state database is an older copy of the one that was served from last. */
export async function wasRestored(state: State, siteFolder: string): Promise<boolean> {
  return (await storedSerial(state)) < (await noticedSerial(siteFolder));
}

async function storedSerial(state: State): Promise<number> {
  return Number((await readSetting(state, 'policy-serial')) ?? 0);
}

async function noticedSerial(siteFolder: string): Promise<number> {
  const text = await readText(serialFile(siteFolder)).catch(() => '');
  return /^\d{1,15}\n$/.test(text) ? Number(text) : 0;
}
