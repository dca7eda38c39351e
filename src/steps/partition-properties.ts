import type { XmlProperty } from '../model/sequence.ts';
import { present, propertyOf } from './settings.ts';

const types: Readonly<Record<string, string>> = {
  primary: 'windows',
  hidden: 'recovery',
  recovery: 'recovery',
  efi: 'efi',
  msr: 'msr',
};

/** Configuration Manager's indexed family `Partitions0Type`, `Partitions0Size`, … (spec/sequence-format.md 4.3). */
export function partitionSettings(properties: readonly XmlProperty[]): Record<string, unknown> {
  const indices = properties
    .map(({ property }) => /^Partitions(\d+)Type$/i.exec(property)?.[1])
    .filter((index) => index !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
  const partitions = indices.map((index) => {
    const value = (name: string): string | undefined => propertyOf(properties, `Partitions${index}${name}`);
    const type = value('Type') ?? '';
    const label = value('VolumeName');
    const canHoldFiles = !/^(msr)$/i.test(type);
    return present({
      // A type without counterpart is kept, so that checking the sequence names it.
      type: types[type.toLowerCase()] ?? type,
      size: value('Size') ?? '100%',
      sizeUnits: value('SizeUnits'),
      fileSystem: canHoldFiles ? (value('FileSystem') ?? (/^efi$/i.test(type) ? 'fat32' : 'none')) : 'none',
      label: canHoldFiles ? label : undefined,
      name: label,
      variable: value('VolumeLetterVariable'),
    });
  });
  return present({
    disk: { index: propertyOf(properties, 'DiskIndex') ?? 0 },
    style: propertyOf(properties, 'PartitionStyle')?.toLowerCase() ?? 'gpt',
    partitions,
  });
}
