import type { State } from '../src/server/state/state.ts';
import { siteFolder } from './key/flags.ts';

/** Opens the state of a site for one command. @throws BW-SITE-001, BW-SERVER-017, BW-SERVER-018 */
export async function withState<T>(site: string, use: (state: State) => Promise<T>): Promise<T> {
  const { openExistingState } = await import('../src/server/state/state.ts');
  const state = await openExistingState(await siteFolder(site));
  try {
    return await use(state);
  } finally {
    await state.destroy();
  }
}
