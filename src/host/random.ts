/*
 * The global `crypto` is loaded at its first use; importing `node:crypto` costs a quarter of the agent's way to its first
 * sign of life.
 */

export function randomBytes(size: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(size));
}

export function randomId(): string {
  return crypto.randomUUID();
}
