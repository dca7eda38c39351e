import { createHash } from 'node:crypto';
import { exists, hashFile } from '../host/files.ts';
import { BootwrightError } from '../model/error.ts';
import { secretIn } from '../trust/public-text.ts';
import * as contents from './contents.ts';
import { requireKeyboard } from './keyboards.ts';
import { type LockedRequest, readLockedCertificate } from './locked.ts';
import * as modulePlaces from './module-places.ts';
import { bootEnvironment, hashFolder } from './own-parts.ts';
import type { DebianPackage } from './packages.ts';

/** What a boot image is to be. Paths are of this machine. */
export interface BootImageRequest {
  readonly name: string;
  /** Where `boot-image.json` and the files beside it go. */
  readonly folder: string;
  /** The folder of the agent's program and the Node that runs it. */
  readonly agent: string;
  readonly node: string;
  /** Default `us`. */
  readonly keyboard?: string;
  /** Debian's modules by name that the boot environment would leave out. */
  readonly kernelModules?: readonly string[];
  /** Folders of kernel modules that are not Debian's. */
  readonly driverFolders?: readonly string[];
  /** Names of further firmware packages, and folders laid out as `/usr/lib/firmware`. */
  readonly firmware?: readonly string[];
  /** Take unsigned modules: the image then says that Secure Boot has to be off. */
  readonly noSecureBoot?: boolean;
  /** Make one signed program of it all (docs/secure-boot.md). */
  readonly locked?: LockedRequest;
  readonly allowShell?: boolean;
  /** A command the agent runs before anything else. */
  readonly prestart?: string;
  /** Debian mirror to use instead of the one in apt's sources. */
  readonly mirror?: string;
  /** Folder of the packages; the user's cache when absent. */
  readonly store?: string;
  /** Take exactly these packages. */
  readonly packageLock?: readonly DebianPackage[];
}

/** Configuration Manager has the same limit. */
const longestPrestart = 4096;

/** Checks what can be checked before any work. @throws BW-BOOT-005, BW-BOOT-008, BW-BOOT-060 */
export async function checkRequest(request: BootImageRequest): Promise<void> {
  requireKeyboard(request.keyboard ?? 'us');
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(request.name)) {
    throw new BootwrightError('BW-BOOT-008', `"${request.name}" cannot be the name of a boot image.`, {
      fix: 'Use letters, digits, dots, dashes and underscores.',
    });
  }
  if ((request.prestart ?? '').length > longestPrestart) {
    throw new BootwrightError('BW-BOOT-008', `The prestart command is longer than ${longestPrestart} characters.`, {
      fix: 'Put what it does into a script in a package.',
    });
  }
  const secret = secretIn(request.prestart ?? '');
  if (secret !== undefined) {
    throw new BootwrightError(
      'BW-BOOT-060',
      `The prestart command holds ${secret}. Boot images can be fetched by everybody on the boot network.`,
    );
  }
  if (request.locked !== undefined) {
    await readLockedCertificate(request.locked);
    if (request.noSecureBoot === true)
      throw new BootwrightError('BW-BOOT-008', 'A boot image with a key for Secure Boot cannot take unsigned modules.');
  }
  for (const folder of [...(request.driverFolders ?? []), ...firmwareFolders(request)]) {
    if (!(await exists(folder))) throw new BootwrightError('BW-BOOT-005', `There is no folder ${folder}.`);
  }
}

/** Entries of `firmware` that are folders: whatever holds a slash or starts with a dot. */
export function firmwareFolders(request: BootImageRequest): string[] {
  return (request.firmware ?? []).filter(isFolder);
}

export function extraFirmwarePackages(request: BootImageRequest): string[] {
  return (request.firmware ?? []).filter((entry) => !isFolder(entry));
}

function isFolder(entry: string): boolean {
  return entry.includes('/') || entry.startsWith('.');
}

/** Raised when the build itself changes what comes out of equal inputs. */
const recipe = 3;

/** SHA-256 over everything that decides what a boot image is; where the inputs lie does not count. */
export async function inputId(request: BootImageRequest, packages: readonly DebianPackage[]): Promise<string> {
  const inputs = {
    recipe,
    contents: JSON.stringify([contents, modulePlaces], (_, value: unknown) =>
      value instanceof RegExp ? value.source : value,
    ),
    packages,
    templates: await hashFolder(bootEnvironment()),
    agent: await hashFolder(request.agent),
    node: await hashFile(request.node),
    keyboard: request.keyboard ?? 'us',
    kernelModules: [...(request.kernelModules ?? [])].sort(),
    drivers: await Promise.all((request.driverFolders ?? []).map(hashFolder)),
    firmware: await Promise.all(firmwareFolders(request).map(hashFolder)),
    firmwarePackages: extraFirmwarePackages(request).sort(),
    secureBoot: request.noSecureBoot !== true,
    allowShell: request.allowShell ?? false,
    prestart: request.prestart ?? '',
    ...(request.locked === undefined ? {} : { locked: await lockedId(request.locked) }),
  };
  return createHash('sha256').update(JSON.stringify(inputs)).digest('hex');
}

/** What of the key decides; a signature by the same certificate is the same to firmware. */
async function lockedId(locked: LockedRequest): Promise<unknown> {
  return { certificate: (await readLockedCertificate(locked)).fingerprint256, makers: locked.makers };
}

/** Whether nothing was asked for that only the person who asked can repeat: such an image may be renewed unasked. */
export function isPlain(request: BootImageRequest): boolean {
  const { kernelModules = [], driverFolders = [], firmware = [], noSecureBoot = false } = request;
  return (
    !noSecureBoot && request.locked === undefined && kernelModules.length + driverFolders.length + firmware.length === 0
  );
}
