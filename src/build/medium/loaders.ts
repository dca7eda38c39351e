import { type ProgramSignature, programSignatures } from '../../formats/pe-certificates.ts';
import { type SbatEntry, sbatEntries } from '../../formats/sbat.ts';
import type { FoundFile } from '../../formats/volume.ts';
import type { MediumReader } from './files.ts';

const loaders: readonly (readonly [path: string, what: string])[] = [
  ['EFI/BOOT/BOOTX64.EFI', 'first loader'],
  ['EFI/BOOT/grubx64.efi', 'second loader'],
  ['EFI/BOOT/mmx64.efi', 'key manager'],
];
const kernel = ['boot/vmlinuz', 'kernel'] as const;

/** More than a signed program of kernel and initramfs has. */
const largest = 512 * 1024 * 1024;

export interface LoaderFacts {
  readonly path: string;
  readonly what: string;
  /** As the vendor's package calls itself; absent where it says nothing. */
  readonly version?: string;
  /** None: no firmware with Secure Boot starts it. */
  readonly signatures: readonly ProgramSignature[];
}

interface Program {
  readonly path: string;
  readonly what: string;
  readonly bytes: Uint8Array;
}

/** What a machine with UEFI starts before the kernel, as far as it is there. */
export function loadersOn(medium: MediumReader): Promise<Program[]> {
  return programs(medium, loaders);
}

/** Loaders and kernel with version and every signature. */
export async function loaderFacts(medium: MediumReader): Promise<LoaderFacts[]> {
  const found = await programs(medium, [...loaders, kernel]);
  return Promise.all(
    found.map(async ({ path, what, bytes }) => {
      const version = versionOf(sbatEntries(bytes));
      return { path, what, ...(version === undefined ? {} : { version }), signatures: await programSignatures(bytes) };
    }),
  );
}

/** A loader's file: of the medium, or on USB of the partition that is there for loaders. */
export function loaderFile(medium: MediumReader, path: string): FoundFile | undefined {
  return medium.file(path) ?? medium.shared?.files.find((file) => file.path === path);
}

/** The vendor's own line stands last. */
export function versionOf(entries: readonly SbatEntry[]): string | undefined {
  return entries.findLast(({ version }) => version.trim() !== '')?.version;
}

async function programs(medium: MediumReader, wanted: typeof loaders): Promise<Program[]> {
  const found: Program[] = [];
  for (const [path, what] of wanted) {
    const file = loaderFile(medium, path);
    if (file !== undefined && file.size <= largest) found.push({ path, what, bytes: await medium.bytes(file) });
  }
  return found;
}
