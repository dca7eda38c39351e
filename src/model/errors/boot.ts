import type { ErrorEntry } from './entry.ts';

export const bootErrors = {} as const satisfies Record<string, ErrorEntry>;
