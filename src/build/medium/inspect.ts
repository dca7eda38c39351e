import { bytesPerCluster } from '../../formats/exfat-boot.ts';
import { freeClusters } from '../../formats/exfat-changes.ts';
import { formatBootableServer } from '../../model/bootable.ts';
import type { Manifest, MediumFacts } from '../../model/medium.ts';
import { type ContentItem, contentKeySecret, type Policy } from '../../model/policy.ts';
import { isSecretReference } from '../../model/sequence.ts';
import type { VolumeFacts } from '../../model/volumes.ts';
import { type FirmwareVerdict, firmwareVerdicts } from '../order/plan.ts';
import { volumeFactsOf } from '../volumes/read.ts';
import { jsonOf, type MediumReader, mediumFactsOf } from './files.ts';
import { type LoaderFacts, loaderFacts, loaderFile } from './loaders.ts';
import { type OpenMedium, withMedium } from './open.ts';
import { type Brought, type MediumSecret, openBroughtOf, secretsOf, variablesOf } from './policy.ts';
import { type SequenceLine, sequenceLines } from './sequence-tree.ts';

/** What can be said about a medium; about a sealed one more with its password. Nothing of it is verified: that is `verifyMedium`. */
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
  readonly content: readonly {
    readonly id: string;
    readonly files: number;
    readonly size: number;
    /** Absent when sealed. */
    readonly kind?: string;
    readonly name?: string;
  }[];
  readonly firmware: readonly FirmwareVerdict[];
  /** What firmware and loaders start, with every signature. */
  readonly loaders: readonly LoaderFacts[];
  /** Absent when sealed and not opened. */
  readonly policy?: InspectedPolicy;
}

/** `sequence` is that of a stand-alone medium, `servers` are those a bootable one asks. */
export interface InspectedPolicy extends Pick<Policy, 'organisation' | 'validFrom' | 'validTo' | 'allowShell'> {
  readonly sequence?: string;
  readonly steps?: readonly SequenceLine[];
  readonly servers?: readonly string[];
  readonly unknownComputers?: boolean;
  /** Without value: hidden, or a secret's. */
  readonly variables: readonly { readonly name: string; readonly value?: string }[];
  /** Names. */
  readonly secrets: readonly string[];
}

/** @throws BW-HOST-007, BW-MEDIA-010, BW-MEDIA-011, with a secret also BW-TRUST-001 to -003 */
export async function inspectMedium(file: string, secret?: MediumSecret): Promise<Inspection> {
  return withMedium(file, async (iso) => {
    const facts = await mediumFactsOf(iso, file);
    const manifest = (await jsonOf(iso, 'bootwright/manifest.json')) as Partial<Manifest> | undefined;
    const brought =
      facts.passwordRequired && secret === undefined ? undefined : await openBroughtOf(iso, file, secret ?? '');
    const shim = loaderFile(iso, 'EFI/BOOT/BOOTX64.EFI');
    return {
      file,
      size: iso.length,
      volumeLabel: iso.label,
      form: iso.form,
      ...(iso.form === 'usb' ? { stick: stickFacts(iso) } : {}),
      facts,
      claimedKey: typeof manifest?.key === 'string' ? manifest.key : '',
      content: described(contentOf(iso), brought !== undefined && 'content' in brought ? brought.content : []),
      firmware: firmwareVerdicts(
        { secureBoot: true, architecture: 'x64' },
        shim === undefined || shim.size > 16 * 1024 * 1024 ? new Uint8Array(0) : await iso.bytes(shim),
      ),
      loaders: await loaderFacts(iso),
      ...(brought === undefined ? {} : { policy: inspectedPolicy(brought) }),
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

/** An application need not bring files: it is listed all the same. */
function described(found: Inspection['content'], items: readonly ContentItem[]): Inspection['content'] {
  const told = found.map((entry) => {
    const item = items.find(({ id }) => id === entry.id);
    return item === undefined ? entry : { ...entry, kind: item.kind, name: item.name };
  });
  const bare = items.filter(({ id }) => !found.some((entry) => entry.id === id));
  return [...told, ...bare.map(({ id, kind, name }) => ({ id, files: 0, size: 0, kind, name }))];
}

function inspectedPolicy(brought: Brought): InspectedPolicy {
  const { organisation, validFrom, validTo, allowShell } = brought;
  return {
    ...{ organisation, allowShell },
    variables: variablesOf(brought).map(({ name, value, hidden }) =>
      hidden === true || isSecretReference(value) ? { name } : { name, value },
    ),
    secrets: Object.keys(secretsOf(brought)).filter((name) => name !== contentKeySecret),
    ...('sequence' in brought
      ? { sequence: brought.sequence.name, steps: sequenceLines(brought.sequence.items) }
      : { servers: brought.servers.map(formatBootableServer), unknownComputers: brought.unknownComputers }),
    ...(validFrom === undefined ? {} : { validFrom }),
    ...(validTo === undefined ? {} : { validTo }),
  };
}
