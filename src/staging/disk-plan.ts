import { partitionTypeUuids } from '../formats/gpt.ts';
import { backupTableSize, type PlannedPartition, writeGpt } from '../formats/gpt-writer.ts';
import type { Extent, VolumePiece } from '../formats/volume.ts';
import { randomBytes, randomId } from '../host/random.ts';
import type { Storage } from '../host/storage.ts';
import { type PreparedWim, prestagedPlaces } from './lay.ts';

const mebibyte = 1024 * 1024;
const sector = 512;

/** Of the start of a disk: written last, so that a disk that is not complete starts nowhere. */
export const headSize = mebibyte;

/** What tells this disk from all others that were laid from the same medium. */
export interface DiskIdentity {
  readonly diskUuid: string;
  readonly partitions: readonly { readonly name: string; readonly uuid: string }[];
  readonly systemSerial: string;
  readonly dataSerial: string;
}

/** What has to be written to one disk. */
export interface DiskPlan {
  /** Where each section of the medium begins on this disk. */
  readonly starts: readonly number[];
  /** Written over the sections, once they were read back. */
  readonly pieces: readonly VolumePiece[];
  /** Up to `headSize` bytes. */
  readonly head: Uint8Array;
  /** Absent for what is written byte by byte. */
  readonly identity?: DiskIdentity;
}

/** A part of a medium in one piece, of which only some extents have to be written. Offsets are the section's own. */
export interface Section {
  readonly storage: Pick<Storage, 'read'>;
  readonly extents: readonly Extent[];
}

/** Bytes a disk needs at least for a prestaged WIM, with a little room before the data. */
export function smallestDisk(prepared: PreparedWim): number {
  const { system } = prestagedPlaces;
  return system.start + system.size + prepared.dataSize + 3 * mebibyte;
}

/** The data partition ends with the disk, so that the system that is installed can grow into its place. */
function dataStart(prepared: PreparedWim, size: number): number {
  return Math.floor((size - backupTableSize - prepared.dataSize) / mebibyte) * mebibyte;
}

/** How a prestaged WIM is laid on a disk of that size; `identity` is another one for each disk. */
export function planPrestaged(prepared: PreparedWim, size: number, identity = newIdentity(prepared)): DiskPlan {
  const { bios, system } = prestagedPlaces;
  const data = dataStart(prepared, size);
  const places: Record<string, Omit<PlannedPartition, 'uuid' | 'name'>> = {
    'BOOTWRIGHT-BIOS': { typeUuid: partitionTypeUuids['bios-boot'], startBytes: bios.start, sizeBytes: bios.size },
    'BOOTWRIGHT-SYSTEM': { typeUuid: partitionTypeUuids.efi, startBytes: system.start, sizeBytes: system.size },
    'BOOTWRIGHT-DATA': {
      ...{ typeUuid: partitionTypeUuids.windows, startBytes: data, sizeBytes: prepared.dataSize, hidden: true },
    },
  };
  const table = writeGpt({
    diskUuid: identity.diskUuid,
    size: Math.floor(size / sector) * sector,
    bootCode: prepared.bootCode,
    partitions: identity.partitions.map((partition) => ({ ...partition, ...places[partition.name]! })),
  });
  return {
    starts: [system.start, data],
    pieces: [
      ...(prepared.biosCore.length > 0 ? [{ offset: bios.start, bytes: prepared.biosCore }] : []),
      ...fatPatches(system.start, identity.systemSerial),
      ...ntfsPatches(data, prepared.dataSize, identity.dataSerial),
      { offset: Math.floor(size / sector) * sector - table.end.length, bytes: table.end },
    ],
    head: table.start,
    identity,
  };
}

function newIdentity({ biosCore }: PreparedWim): DiskIdentity {
  // Number 2 of the system partition is what GRUB's core image for BIOS looks for.
  const names = ['BOOTWRIGHT-BIOS', 'BOOTWRIGHT-SYSTEM', 'BOOTWRIGHT-DATA'];
  return {
    diskUuid: randomId(),
    partitions: (biosCore.length > 0 ? names : names.slice(1)).map((name) => ({ name, uuid: randomId() })),
    systemSerial: Buffer.from(randomBytes(4)).toString('hex'),
    dataSerial: Buffer.from(randomBytes(8)).toString('hex'),
  };
}

/** Serial number of a FAT32 volume, in its boot sector and the copy of it. */
function fatPatches(start: number, serial: string): VolumePiece[] {
  return [0, 6].map((copy) => ({ offset: start + copy * sector + 67, bytes: Buffer.from(serial, 'hex') }));
}

/** Serial number and place of an NTFS volume, in its boot sector and the copy at its end. */
function ntfsPatches(start: number, size: number, serial: string): VolumePiece[] {
  const hidden = Buffer.alloc(4);
  hidden.writeUInt32LE(start / sector <= 0xffffffff ? start / sector : 0);
  return [start, start + size - sector].flatMap((boot) => [
    { offset: boot + 0x1c, bytes: hidden },
    { offset: boot + 0x48, bytes: Buffer.from(serial, 'hex') },
  ]);
}
