import { rmSync } from 'node:fs';

const leftovers = new Set<string>();

process.on('exit', () => {
  for (const path of leftovers) rmSync(path, { recursive: true, force: true });
});

/**
 * Half-written things are removed even when the process ends at once (a second Ctrl-C, an uncaught error). Call the
 * returned function when the file is finished or already removed.
 */
export function removeOnExit(path: string): () => void {
  leftovers.add(path);
  return () => {
    leftovers.delete(path);
  };
}
