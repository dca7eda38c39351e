import type { ErrorEntry } from './entry.ts';

export const siteErrors = {} as const satisfies Record<string, ErrorEntry>;
