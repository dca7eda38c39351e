import type { ErrorEntry } from './entry.ts';

export const mediaErrors = {} as const satisfies Record<string, ErrorEntry>;
