import { createInterface } from 'node:readline';

/**
 * Lines of standard input as they come, from a keyboard, a scanner that types like one, or a pipe. `onEnd` is called once
 * when no more can come. The returned function stops listening.
 */
export function listenToInput(onLine: (line: string) => void, onEnd: () => void): () => void {
  const lines = createInterface({ input: process.stdin, terminal: false });
  lines.on('line', (line) => onLine(line.trim()));
  lines.once('close', onEnd);
  return () => {
    lines.off('close', onEnd);
    lines.close();
    // What is open keeps the process alive.
    process.stdin.unref?.();
  };
}
