import { createHash, type KeyObject } from 'node:crypto';
import type { Layout, LayoutFile } from '../../model/layout.ts';
import { layoutFileSize } from '../../model/layout.ts';
import {
  type VolumeFacts,
  type VolumeList,
  volumeFactsPath,
  volumeFormat,
  volumeListPath,
  volumesFormat,
} from '../../model/volumes.ts';
import { manifestBytes, signManifest } from '../../trust/manifest.ts';
import type { Hashes } from '../hashes.ts';
import { imageFacts } from '../image-facts.ts';
import type { IsoStructure } from '../iso/reader.ts';
import type { Assignment } from './assign.ts';

const unknownId = '0'.repeat(32);
const unknownHash = '0'.repeat(64);

/** `lab.iso` → `lab-2.iso` */
export function volumeFile(output: string, number: number): string {
  const [, base = output, extension = ''] = /^(.*?)(\.[^./]*)?$/.exec(output) ?? [];
  return `${base}-${number}${extension}`;
}

/** ISO 9660 has room for 32 characters. */
export function volumeName(label: string, number: number): string {
  const end = `_${number}`;
  return label.slice(0, 32 - end.length) + end;
}

/** What lies where, but on the first volume, for the first volume. */
export function volumeList(whole: Layout, { count, elsewhere }: Assignment, hashes?: Hashes): LayoutFile {
  const list: VolumeList = {
    format: volumesFormat,
    volumes: Array.from({ length: count - 1 }, (_, index) => ({
      number: index + 2,
      label: volumeName(whole.label, index + 2),
      files: whole.files
        .filter(({ path }) => elsewhere.get(path) === index + 2)
        .map((file) => ({
          path: file.path,
          size: layoutFileSize(file),
          sha256: hashes?.get(file.path) ?? unknownHash,
        })),
    })),
  };
  return { path: volumeListPath, bytes: Buffer.from(`${JSON.stringify(list)}\n`) };
}

/** One of the further volumes. Nothing starts from it. Until `known`, with everything at its final length. */
export function volumeLayout(
  whole: Layout,
  { count, elsewhere }: Assignment,
  number: number,
  key: string,
  known?: {
    readonly id: string;
    readonly hashes: Hashes;
    readonly structure: IsoStructure;
    readonly privateKey: KeyObject;
  },
): Layout {
  const label = volumeName(whole.label, number);
  const mediumId = known?.id ?? unknownId;
  const facts: VolumeFacts = { format: volumeFormat, mediumId, label, number, of: count };
  const files: LayoutFile[] = [
    ...whole.files.filter(({ path }) => elsewhere.get(path) === number),
    { path: volumeFactsPath, bytes: Buffer.from(`${JSON.stringify(facts)}\n`) },
    imageFacts(known?.structure),
  ].sort(byPath);
  const manifest = manifestBytes({
    ...{ format: 'bootwright-manifest/1', mediumId, key },
    files: files.map((file) => ({
      path: file.path,
      size: layoutFileSize(file),
      sha256:
        'bytes' in file
          ? createHash('sha256').update(file.bytes).digest('hex')
          : (known?.hashes.get(file.path) ?? unknownHash),
    })),
  });
  const signature = known === undefined ? new Uint8Array(64) : signManifest(manifest, known.privateKey);
  const signed: LayoutFile[] = [
    { path: 'bootwright/manifest.json', bytes: manifest },
    { path: 'bootwright/manifest.sig', bytes: signature },
  ];
  const { epoch, seed } = whole;
  return { label, epoch, seed, files: [...files, ...signed].sort(byPath) };
}

function byPath(a: LayoutFile, b: LayoutFile): number {
  return Buffer.compare(Buffer.from(a.path), Buffer.from(b.path));
}
