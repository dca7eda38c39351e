import { bytesPerCluster } from '../../formats/exfat-boot.ts';
import { freeClusters } from '../../formats/exfat-changes.ts';
import { type BoundSettings, formatBootableServer } from '../../model/bootable.ts';
import type { Manifest, MediumFacts } from '../../model/medium.ts';
import type { Policy } from '../../model/policy.ts';
import type { VolumeFacts } from '../../model/volumes.ts';
import { type FirmwareVerdict, firmwareVerdicts } from '../order/plan.ts';
import { volumeFactsOf } from '../volumes/read.ts';
import { type MediumReader, mediumFactsOf, parseJson, textOf } from './files.ts';
import { type OpenMedium, withMedium } from './open.ts';

/** What can be said about a medium without its password. Nothing of it is verified: that is `verifyMedium`. */
export interface Inspection {
  readonly file: string;
  readonly size: number;
  readonly volumeLabel: string;
  readonly form: OpenMedium['form'];
  /** A stick's own: which of its two systems starts, and how much an update can still bring. */
  readonly stick?: { readonly active: 'a' | 'b'; readonly systemSize: number; readonly contentFree: number };
  readonly facts: MediumFacts;
  /** Fingerprint of the key the manifest claims. */
  readonly claimedKey: string;
  readonly content: readonly { readonly id: string; readonly files: number; readonly size: number }[];
  readonly firmware: readonly FirmwareVerdict[];
  /** Absent when sealed. `sequence` is that of a stand-alone medium, `servers` are those a bootable one asks. */
  readonly policy?: Pick<Policy, 'organisation' | 'validFrom' | 'validTo'> & {
    readonly sequence?: string;
    readonly servers?: readonly string[];
    readonly unknownComputers?: boolean;
  };
}

/** @throws BW-HOST-007, BW-MEDIA-010, BW-MEDIA-011 */
export async function inspectMedium(file: string): Promise<Inspection> {
  return withMedium(file, async (iso) => {
    const facts = await mediumFactsOf(iso, file);
    const manifest = (await jsonOf(iso, 'bootwright/manifest.json')) as Partial<Manifest> | undefined;
    const policy = await publicPolicy(iso);
    const shim = iso.file('EFI/BOOT/BOOTX64.EFI');
    return {
      file,
      size: iso.length,
      volumeLabel: iso.label,
      form: iso.form,
      ...(iso.form === 'usb' ? { stick: stickFacts(iso) } : {}),
      facts,
      claimedKey: typeof manifest?.key === 'string' ? manifest.key : '',
      content: contentOf(iso),
      firmware: firmwareVerdicts(
        { secureBoot: true, architecture: 'x64' },
        shim === undefined || shim.size > 16 * 1024 * 1024 ? new Uint8Array(0) : await iso.bytes(shim),
      ),
      ...(policy === undefined ? {} : { policy }),
    };
  });
}

/** A further disc of a medium: which one it is, and what lies on it. Undefined for everything else. */
export interface VolumeInspection {
  readonly file: string;
  readonly size: number;
  readonly volume: VolumeFacts;
  readonly content: Inspection['content'];
}

/** @throws BW-HOST-007, BW-MEDIA-010 */
export async function inspectVolume(file: string): Promise<VolumeInspection | undefined> {
  return withMedium(file, async (medium) => {
    const volume = await volumeFactsOf(medium);
    return volume === undefined ? undefined : { file, size: medium.length, volume, content: contentOf(medium) };
  });
}

function stickFacts({
  active,
  geometry,
  content,
}: Extract<OpenMedium, { form: 'usb' }>): NonNullable<Inspection['stick']> {
  return { active, systemSize: geometry.systems[0].size, contentFree: freeClusters(content).length * bytesPerCluster };
}

/** Folders below `bootwright/content`, each one content object. */
function contentOf(iso: MediumReader): Inspection['content'] {
  const found = new Map<string, { id: string; files: number; size: number }>();
  for (const { path, size } of iso.files) {
    const id = /^bootwright\/content\/([^/]+)\//.exec(path)?.[1];
    if (id === undefined) continue;
    const entry = found.get(id) ?? { id, files: 0, size: 0 };
    found.set(id, { id, files: entry.files + 1, size: entry.size + size });
  }
  return [...found.values()];
}

async function publicPolicy(iso: MediumReader): Promise<Inspection['policy']> {
  const brought = (await jsonOf(iso, 'bootwright/policy.json')) as Policy | BoundSettings | undefined;
  if (brought === undefined) return undefined;
  const { organisation, validFrom, validTo } = brought;
  return {
    organisation,
    ...('sequence' in brought
      ? { sequence: brought.sequence.name }
      : { servers: brought.servers.map(formatBootableServer), unknownComputers: brought.unknownComputers }),
    ...(validFrom === undefined ? {} : { validFrom }),
    ...(validTo === undefined ? {} : { validTo }),
  };
}

async function jsonOf(iso: MediumReader, path: string): Promise<unknown> {
  const file = iso.file(path);
  return file === undefined || file.size > 64 * 1024 * 1024 ? undefined : parseJson(await textOf(iso, file));
}
