import type { CompileRequest } from '../../site/compile.ts';
import type { PublicKey } from '../../trust/public-key.ts';
import type { MediumSecret } from '../medium/policy.ts';

export interface AuditRequest {
  /** Absent: only what everybody sees is judged. */
  readonly secret?: MediumSecret;
  /** Keys whose signature is believed; none: not checked. */
  readonly keys: readonly PublicKey[];
  readonly deployedSecrets: NonNullable<CompileRequest['deployedSecrets']>;
  readonly now: Date;
}
