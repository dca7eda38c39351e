import type { ErrorEntry } from './entry.ts';

export const diskErrors = {} as const satisfies Record<string, ErrorEntry>;
