import type { ManifestFile } from './medium.ts';

/**
 * A medium of several discs. The first is a medium with one more file, which its manifest lists and the sealed part so
 * vouches for: what lies on the others. Those hold content only and start nothing.
 */
export const volumeListPath = 'bootwright/volumes.json';
/** On every further volume: which one it is. Only for people and for early answers; hashes decide. */
export const volumeFactsPath = 'bootwright/volume.json';
export const volumesFormat = 'bootwright-volumes/1';
export const volumeFormat = 'bootwright-volume/1';

export interface VolumeList {
  readonly format: typeof volumesFormat;
  /** From the second on. */
  readonly volumes: readonly ListedVolume[];
}

export interface ListedVolume {
  readonly number: number;
  readonly label: string;
  readonly files: readonly ManifestFile[];
}

export interface VolumeFacts {
  readonly format: typeof volumeFormat;
  readonly mediumId: string;
  readonly label: string;
  readonly number: number;
  /** How many there are. */
  readonly of: number;
}
