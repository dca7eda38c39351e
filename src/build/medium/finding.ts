import type { ErrorCode } from '../../model/errors/index.ts';

/** One thing that is not as it was signed, and what that means to whoever starts the medium. */
export interface Finding {
  readonly code: ErrorCode;
  readonly path: string;
  readonly message: string;
  readonly meaning: string;
}
