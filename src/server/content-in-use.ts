import { now } from '../host/clock.ts';
import { exists } from '../host/files.ts';
import { neededContent } from './state/content-lists.ts';
import { openState, stateFile } from './state/state.ts';

/** Content that the site's server serves, or gave to a machine that may still fetch it; none when none ever ran. @throws BW-SERVER-017 */
export async function contentInUse(siteFolder: string): Promise<ReadonlySet<string>> {
  const file = stateFile(siteFolder);
  if (!(await exists(file))) return new Set();
  const state = await openState(file);
  try {
    return await neededContent(state, now());
  } finally {
    await state.destroy();
  }
}
