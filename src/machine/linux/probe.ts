import { run } from '../../host/process.ts';

export interface ProbeResult {
  /** As the kernel calls it: `ext4`, `vfat`, `ntfs`; empty when nothing is recognised. */
  readonly fileSystem: string;
  readonly label: string;
  readonly uuid: string;
  readonly partitionUuid: string;
  readonly partitionNumber: number;
}

/** What lies on a device now, read from it and not from a cache. */
export async function probe(device: string): Promise<ProbeResult> {
  // 2: nothing found, 8: several signatures contradict each other.
  const { stdout } = await run('blkid', ['--probe', '--output', 'export', device], { accept: [2, 8] });
  const values = new Map(
    stdout.split('\n').map((line) => {
      const equals = line.indexOf('=');
      return [line.slice(0, equals), line.slice(equals + 1).replace(/\\(.)/g, '$1')];
    }),
  );
  return {
    fileSystem: values.get('TYPE') ?? '',
    label: values.get('LABEL') ?? '',
    uuid: values.get('UUID') ?? '',
    partitionUuid: values.get('PART_ENTRY_UUID') ?? '',
    partitionNumber: Number(values.get('PART_ENTRY_NUMBER') ?? 0),
  };
}
