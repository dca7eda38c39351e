import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where things lie that can be made again: `$XDG_CACHE_HOME/bootwright`, else `~/.cache/bootwright`. */
export function cacheFolder(...parts: readonly string[]): string {
  const { XDG_CACHE_HOME } = process.env;
  const base = XDG_CACHE_HOME === undefined || XDG_CACHE_HOME === '' ? join(homedir(), '.cache') : XDG_CACHE_HOME;
  return join(base, 'bootwright', ...parts);
}
