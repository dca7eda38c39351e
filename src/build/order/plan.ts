import { signerNames } from '../../formats/pe-signers.ts';
import type { BootImage } from '../../model/boot-image.ts';
import type { MediumAbout, MediumFacts } from '../../model/medium.ts';
import type { CompiledPolicy, SecretInUse } from '../../site/compile.ts';
import type { TargetName } from '../target.ts';

/** What is said before a medium is written: what it will do, what it holds, what making it takes. Holds no secret. */
export interface MediumPlan {
  readonly output: string;
  readonly replaces: boolean;
  readonly kind: MediumFacts['kind'];
  readonly target: TargetName;
  /** The discs, when one does not hold everything. */
  readonly volumes?: readonly PlannedVolume[];
  /** Images that are stored in parts. */
  readonly split?: readonly { readonly id: string; readonly parts: number }[];
  /** On bootable media there is none. */
  readonly sequence?: { readonly id: string; readonly name: string };
  /** Whom a bootable medium asks. */
  readonly online?: {
    readonly servers: readonly string[];
    readonly unknownComputers: boolean;
  };
  /** What the medium runs before everything else. */
  readonly prestart?: string;
  readonly label: string;
  readonly about?: MediumAbout;
  readonly password: 'given' | 'asked' | 'none';
  readonly protection: MediumFacts['protection'];
  readonly encryptsContent: boolean;
  /** Who opens it beside whoever knows the password. */
  readonly openedBy: readonly string[];
  /** Steps that erase or overwrite something on the target, in order. */
  readonly erases: CompiledPolicy['destructive'];
  readonly asks: readonly string[];
  readonly unattended: boolean;
  readonly validFrom?: string;
  readonly validTo?: string;
  readonly content: readonly PlannedContent[];
  readonly secrets: readonly SecretInUse[];
  /** Names only; hidden ones are marked. */
  readonly variables: readonly { readonly name: string; readonly hidden: boolean }[];
  readonly bootImage: Pick<BootImage, 'name' | 'id' | 'kernelVersion' | 'secureBoot'> & { readonly folder: string };
  readonly firmware: readonly FirmwareVerdict[];
  readonly size: number;
  readonly free: number;
  readonly seconds: number;
  readonly signedBy: string;
  readonly warnings: readonly string[];
}

export interface PlannedVolume {
  readonly file: string;
  readonly label: string;
  readonly size: number;
  /** IDs of what lies there. */
  readonly content: readonly string[];
}

export interface PlannedContent {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly size: number;
  readonly files: number;
  /** Files that are new or changed since they were last read: their hashes have to be made. */
  readonly unread: number;
  /** `step "Install tools"`, `--application`, `needed by office`; empty where there is only one reason there could be. */
  readonly because: readonly string[];
}

export interface FirmwareVerdict {
  readonly firmware: string;
  readonly starts: boolean;
  readonly why?: string;
}

const microsoft2011 = 'Microsoft Corporation UEFI CA 2011';
const microsoft2023 = 'Microsoft UEFI CA 2023';

/** What the medium's level of protection proves, and what it does not (DESIGN D5, D8). */
export function protectionText({
  protection,
  kind,
  online,
}: Pick<MediumFacts, 'protection' | 'kind'> & { readonly online?: unknown }): string {
  const asks = kind === 'bootable' || online !== undefined;
  const open = asks ? 'whom it asks' : 'the task sequence';
  const sealed = asks ? 'servers, variables and prestart command' : 'task sequence, variables and secrets';
  const beside = kind === 'bootable' ? '' : '; images and packages can be read';
  const texts = {
    chain: `loader and kernel are checked by the firmware under Secure Boot; ${open} can be read by anybody`,
    sealed: `${sealed} cannot be read or silently changed without the password${beside}; whoever holds the medium could exchange the program that asks for the password (media verify --key finds that)`,
    locked:
      'kernel, first program, command line and root are signed as one, and none of them can be exchanged on machines that have enrolled the site key; whoever exchanges the whole medium can still show a false prompt',
  };
  return texts[protection];
}

/** Which machines start a medium with this boot image; `shim` is the loader its firmware checks. */
export function firmwareVerdicts(
  image: Pick<BootImage, 'secureBoot' | 'architecture'>,
  shim: Uint8Array,
): FirmwareVerdict[] {
  const signers = signerNames(shim).flat();
  const secure = (ca: string): Pick<FirmwareVerdict, 'starts' | 'why'> => {
    if (!image.secureBoot) return { starts: false, why: 'the boot image has modules that are not signed' };
    return signers.includes(ca) ? { starts: true } : { starts: false, why: `the loader is not signed by ${ca}` };
  };
  return [
    { firmware: 'BIOS', starts: image.architecture === 'x64' },
    { firmware: 'UEFI', starts: true },
    { firmware: 'UEFI with Secure Boot, machines up to about 2025 (UEFI CA 2011)', ...secure(microsoft2011) },
    { firmware: 'UEFI with Secure Boot, newer machines (UEFI CA 2023)', ...secure(microsoft2023) },
    {
      firmware: 'UEFI with Secure Boot, Windows CA only (secured-core)',
      starts: false,
      why: 'allow the "Microsoft 3rd Party UEFI CA" in the firmware set-up, or deploy with WinPE',
    },
  ];
}
