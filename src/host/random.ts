import { randomBytes as bytes, randomUUID } from 'node:crypto';

export function randomBytes(size: number): Uint8Array {
  return bytes(size);
}

export function randomId(): string {
  return randomUUID();
}
