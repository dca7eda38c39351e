import type { ErrorEntry } from './entry.ts';

export const proveErrors = {} as const satisfies Record<string, ErrorEntry>;
