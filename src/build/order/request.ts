import type { BootableSettings, MediumServer } from '../../model/bootable.ts';
import type { MediaKind } from '../../model/media-kind.ts';
import type { MediumAbout } from '../../model/medium.ts';
import type { TaskSequence } from '../../model/sequence.ts';
import type { CompileRequest } from '../../site/compile.ts';
import type { ExtraContent } from '../../site/content-wishes.ts';
import type { Passphrase } from '../../trust/keys.ts';
import type { Recipient } from '../../trust/recipient.ts';
import type { TargetName } from '../target.ts';

/** Which medium is wanted, with everything it depends on: the clock too. */
export type MediumRequest = StandaloneRequest | BootableRequest;

interface CommonRequest {
  readonly siteFolder: string;
  readonly output: string;
  /** Default: what the output's name says. */
  readonly target?: TargetName;
  /** Absent: no password. A function is called once everything else is known to be right. */
  readonly password?: string | (() => Promise<string>);
  /** Make a recovery key that opens the medium beside its password. */
  readonly recoveryKey?: boolean;
  /** Further ones who can open it on a desk, with their private keys. */
  readonly recipients?: readonly Recipient[];
  /** Images and packages too can be read only after the password. */
  readonly encryptContent?: boolean;
  readonly passphrase?: Passphrase;
  readonly label?: string;
  readonly about?: MediumAbout;
  readonly variables?: Readonly<Record<string, string>>;
  readonly validFrom?: string;
  readonly validTo?: string;
  readonly unattended?: boolean;
  /** Command that runs on the target before everything else. */
  readonly prestart?: string;
  /** ID of the package with the files that command needs. */
  readonly prestartPackage?: string;
  /** Name or folder; default: what the sequence or the site asks for. */
  readonly bootImage?: string;
  readonly force?: boolean;
  /** Seconds since 1970 for everything on the medium (SOURCE_DATE_EPOCH). */
  readonly epoch?: number;
  readonly now: Date;
}

export interface StandaloneRequest extends CommonRequest {
  readonly kind: MediaKind<TaskSequence>;
  readonly sequenceId: string;
  readonly deployedSecrets?: CompileRequest['deployedSecrets'];
  /** Bytes of a disc: a medium that is larger is spread over several. */
  readonly volumeSize?: number;
  /** Content beside that of the sequence, and what is left out. */
  readonly extraContent?: ExtraContent;
}

export interface BootableRequest extends CommonRequest {
  readonly kind: MediaKind<BootableSettings>;
  readonly servers: readonly MediumServer[];
  readonly unknownComputers: boolean;
  /** Of prestaged media: whose content lies on them already. What is to be done the server says all the same. */
  readonly prestages?: { readonly sequenceId?: string; readonly content: readonly string[] };
  /** PEM of the authority the servers are known by, made when there is none; `peek` makes nothing. */
  readonly authority: {
    readonly peek: () => Promise<string | undefined>;
    readonly make: (siteName: string, now: Date) => Promise<string>;
  };
}
