import type { MediaKind } from '../model/media-kind.ts';
import type { CompileRequest } from '../site/compile.ts';
import type { Passphrase } from '../trust/keys.ts';

/** Which medium is wanted, with everything it depends on: the clock too. */
export interface MediumRequest {
  readonly kind: MediaKind;
  readonly siteFolder: string;
  readonly sequenceId: string;
  readonly output: string;
  /** Absent: no password. A function is called once everything else is known to be right. */
  readonly password?: string | (() => Promise<string>);
  readonly passphrase?: Passphrase;
  readonly label?: string;
  readonly variables?: Readonly<Record<string, string>>;
  readonly validFrom?: string;
  readonly validTo?: string;
  readonly unattended?: boolean;
  /** Name or folder; default: what the sequence or the site asks for. */
  readonly bootImage?: string;
  readonly force?: boolean;
  /** Seconds since 1970 for everything on the medium (SOURCE_DATE_EPOCH). */
  readonly epoch?: number;
  readonly now: Date;
  readonly deployedSecrets?: CompileRequest['deployedSecrets'];
}
