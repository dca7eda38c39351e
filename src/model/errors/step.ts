import type { ErrorEntry } from './entry.ts';

export const stepErrors = {} as const satisfies Record<string, ErrorEntry>;
