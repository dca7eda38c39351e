import type { ErrorEntry } from './entry.ts';

export const sequenceErrors = {} as const satisfies Record<string, ErrorEntry>;
