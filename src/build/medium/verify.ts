import { BootwrightError } from '../../model/error.ts';
import type { Manifest } from '../../model/medium.ts';
import type { Progress } from '../../model/progress.ts';
import { checkFile, checkFiles, checkMedium, verifyManifest } from '../../trust/manifest.ts';
import type { PublicKey } from '../../trust/public-key.ts';
import type { IsoStructure } from '../iso/reader.ts';
import { changedLoader } from '../usb/verify.ts';
import { type VerifiedVolume, verifyVolumes, volumeFactsOf, volumeListOf } from '../volumes/read.ts';
import { type MediumReader, mediumFactsOf, parseJson, textOf } from './files.ts';
import type { Finding } from './finding.ts';
import { type OpenMedium, withMedium } from './open.ts';

export interface Verification {
  readonly mediumId: string;
  /** Fingerprint of the key that signed the manifest. */
  readonly key: string;
  readonly files: number;
  readonly bytes: number;
  /** Empty: it is what was signed. */
  readonly findings: readonly Finding[];
  /** Of a medium of several discs: the others, which are looked for beside the first. */
  readonly volumes?: readonly VerifiedVolume[];
}

/**
 * Compares every file of an ISO, a USB image or a stick with its manifest, and what lies beside the files with what was signed, on a desk: finds also what no target can see, because there the
 * changed file is the one that would have to notice (docs/media.md).
 *
 * @throws BW-MEDIA-010, BW-MEDIA-011, BW-MEDIA-081 not one of ours, BW-TRUST-006 to -010 the manifest cannot be believed
 */
export async function verifyMedium(
  file: string,
  keys: readonly PublicKey[],
  progress: Progress,
  signal?: AbortSignal,
): Promise<Verification> {
  return withMedium(file, (medium) => verifySet(medium, file, keys, progress, signal));
}

/** As `verifyMedium`, of a medium that is open already. */
export async function verifySet(
  medium: OpenMedium,
  file: string,
  keys: readonly PublicKey[],
  progress: Progress,
  signal?: AbortSignal,
): Promise<Verification> {
  const verification = await verifyOpened(medium, file, keys, progress, signal);
  const list = await volumeListOf(medium);
  if (list === undefined) return verification;
  const one = (volume: string): Promise<Verification> =>
    withMedium(volume, (opened) => verifyOpened(opened, volume, keys, progress, signal));
  const { volumes, findings } = await verifyVolumes(file, list, verification.mediumId, one);
  return { ...verification, volumes, findings: [...verification.findings, ...findings] };
}

/** Of one medium, or one disc of several. */
export async function verifyOpened(
  iso: OpenMedium,
  file: string,
  keys: readonly PublicKey[],
  progress: Progress,
  signal?: AbortSignal,
): Promise<Verification> {
  const id = (await volumeFactsOf(iso))?.mediumId ?? (await mediumFactsOf(iso, file)).id;
  const manifest = verifyManifest(
    await required(iso, 'bootwright/manifest.json', file),
    await required(iso, 'bootwright/manifest.sig', file),
    keys,
  );
  checkMedium(manifest, id);
  const total = manifest.files.reduce((sum, { size }) => sum + size, 0);
  progress.phase(`verifying ${file}`, { bytes: total });
  const findings = [
    ...listing(iso, manifest),
    ...(await changedFiles(iso, manifest, progress, signal)),
    ...(await beside(iso, keys)),
  ];
  return { mediumId: id, key: manifest.key, files: manifest.files.length, bytes: total, findings };
}

function listing(iso: MediumReader, manifest: Manifest): Finding[] {
  const meaning = 'The agent refuses such a medium; before it runs, only the boot files matter.';
  const listed = { unlisted: [] as Finding[], missing: [] as Finding[] };
  const check = (found: readonly string[], files: Manifest['files']): Finding | undefined =>
    caught(() => checkFiles({ ...manifest, files }, found), meaning, '');
  const own = ['bootwright/manifest.json', 'bootwright/manifest.sig'];
  const known = new Set([...manifest.files.map(({ path }) => path), ...own]);
  for (const { path } of iso.files) {
    const finding = known.has(path) ? undefined : check([...own, path], []);
    if (finding !== undefined) listed.unlisted.push({ ...finding, path });
  }
  for (const each of manifest.files) {
    const finding = iso.file(each.path) === undefined ? check(own, [each]) : undefined;
    if (finding !== undefined) listed.missing.push({ ...finding, path: each.path });
  }
  return [...listed.unlisted, ...listed.missing];
}

async function changedFiles(
  iso: MediumReader,
  manifest: Manifest,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  let done = 0;
  for (const expected of manifest.files) {
    const found = iso.file(expected.path);
    if (found === undefined) continue;
    if (signal?.aborted === true) throw new BootwrightError('BW-HOST-006', 'Verifying was interrupted.');
    const sha256 = await iso.hash(found, (bytes) => {
      done += bytes;
      progress.advance(done, expected.path);
    });
    const finding = caught(
      () => checkFile(expected, { size: found.size, sha256 }),
      meaningOf(expected.path),
      expected.path,
    );
    if (finding !== undefined) findings.push(await withCommandLine(iso, finding));
  }
  return findings;
}

/** What a person needs to know about a changed file: what it could do, and who else would notice. */
function meaningOf(path: string): string {
  const meanings: readonly (readonly [RegExp, string])[] = [
    [
      /\.cfg$/,
      'The start menu decides which kernel starts, with which first program and which command line. No firmware checks it, not even with Secure Boot.',
    ],
    [
      /^(system\/)?boot\/(initramfs\.img|medium\.cpio)$/,
      'This runs first, with all rights, before the password is asked: it could record the password or skip every check. No firmware checks it.',
    ],
    [/^(system\/)?boot\/vmlinuz$/, 'The kernel. With Secure Boot only a signed one starts; without it, any.'],
    [
      /^boot\/root\.squashfs$/,
      'The boot environment with the program that asks for the password and checks everything else. No firmware checks it.',
    ],
    [
      /^(system\/)?(EFI\/|boot\/grub\/efi\.img)/,
      'A loader for UEFI. With Secure Boot only a signed one starts; without it, any.',
    ],
    [/^(system\/)?boot\/grub\//, 'A loader for BIOS. Nothing checks it on the target.'],
    [
      /^bootwright\/policy\./,
      'What the agent is to do or whom it is to ask, with variables and secrets. The agent refuses it.',
    ],
  ];
  const found = meanings.find(([pattern]) => pattern.test(path));
  return found?.[1] ?? 'Content. The agent refuses it before it touches a disk.';
}

/** For a changed menu: what it starts now. */
async function withCommandLine(iso: MediumReader, finding: Finding): Promise<Finding> {
  const file = iso.file(finding.path);
  if (file === undefined || !finding.path.endsWith('.cfg') || file.size > 1 << 20) return finding;
  const lines = (await textOf(iso, file))
    .split('\n')
    .filter((line) => /^\s*(linux|chainloader|configfile)\b/.test(line));
  if (lines.length === 0) return finding;
  return { ...finding, meaning: `${finding.meaning} It now says: ${lines.map((line) => line.trim()).join(' · ')}` };
}

/** What lies beside the files. A WIM has nothing there: it is read by its directories only, and nothing starts from it. */
async function beside(medium: OpenMedium, keys: readonly PublicKey[]): Promise<Finding[]> {
  if (medium.form === 'wim') return [];
  return medium.form === 'usb' ? changedLoader(medium, keys) : changedStructure(medium);
}

async function changedStructure(iso: Extract<OpenMedium, { form: 'iso' | 'usb-single' }>): Promise<Finding[]> {
  const file = iso.file('bootwright/image.json');
  // Without it nothing fits: boot code nobody signed is as good as changed boot code.
  const stated = file === undefined || file.size > 4096 ? undefined : parseJson(await textOf(iso, file));
  const expected: Partial<IsoStructure> = stated ?? {};
  const found = await iso.structure();
  const { systemArea, remainder } = expected;
  const changed = (path: string, message: string, meaning: string): Finding[] => [
    { code: 'BW-MEDIA-012', path, message, meaning },
  ];
  const isStick = iso.form === 'usb-single';
  return [
    ...(systemArea === found.systemArea
      ? []
      : changed(
          '(boot code and partition table)',
          isStick
            ? 'The boot code in the first sector is not what was signed.'
            : 'The first 32 KiB of the image are not what was signed.',
          'A BIOS that starts the stick runs the boot code, and UEFI looks here for the loaders. Nothing checks it on the target.',
        )),
    ...(remainder === found.remainder
      ? []
      : isStick
        ? changed(
            '(loader for BIOS)',
            'The loader for BIOS is not what was signed.',
            'Nothing checks it on the target.',
          )
        : changed(
            '(directories and boot catalogue)',
            'What lies between the files is not what was signed.',
            'The boot catalogue says what a machine starts from an optical drive; changed directories can show other files to other systems.',
          )),
  ];
}

function caught(check: () => void, meaning: string, path: string): Finding | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (!(error instanceof BootwrightError)) throw error;
    return { code: error.code, path, message: error.message, meaning };
  }
}

async function required(iso: MediumReader, path: string, file: string): Promise<Uint8Array> {
  const found = iso.file(path);
  if (found === undefined) throw new BootwrightError('BW-MEDIA-011', `${file} has no ${path}.`);
  if (found.size > 64 * 1024 * 1024) throw new BootwrightError('BW-MEDIA-011', `${path} of ${file} is far too large.`);
  return iso.bytes(found);
}
