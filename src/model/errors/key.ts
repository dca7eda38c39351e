import type { ErrorEntry } from './entry.ts';

export const keyErrors = {} as const satisfies Record<string, ErrorEntry>;
