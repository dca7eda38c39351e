import { fileURLToPath } from 'node:url';

/** Program and arguments that turn standard input and output into a connection to a TCP port of this machine. */
export function connectionForwarder(port: number): string[] {
  // Sources run as they are in tests, and compiled in the product.
  const suffix = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return [process.execPath, fileURLToPath(new URL(`./forward-connection.${suffix}`, import.meta.url)), String(port)];
}
