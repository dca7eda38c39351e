import { watch } from 'node:fs';

/**
 * Calls `onChange` once things below a folder have been quiet for `quietMilliseconds` after a change: editors write a
 * file in several steps, and git exchanges many. Ends with the signal.
 */
export function watchFolder(
  folder: string,
  options: {
    readonly quietMilliseconds: number;
    /** Of a path relative to the folder: changes there do not count. */
    readonly ignore: (path: string) => boolean;
    readonly signal: AbortSignal;
  },
  onChange: () => void,
): void {
  let timer: NodeJS.Timeout | undefined;
  const watcher = watch(folder, { recursive: true, signal: options.signal });
  watcher.on('change', (_, path) => {
    if (path !== null && options.ignore(String(path))) return;
    clearTimeout(timer);
    timer = setTimeout(onChange, options.quietMilliseconds);
  });
  // A folder that vanished while it was looked at; the next change brings the rest.
  watcher.on('error', () => {});
  watcher.on('close', () => clearTimeout(timer));
}
