import { run } from '../../host/process.ts';
import { BootwrightError } from '../../model/error.ts';
import type { Disk, PartitionPlan, PartitionTable } from '../../model/machine.ts';
import { partitionDevices, refuseBusy, scriptLine, showPartitions } from './partitions.ts';
import { prestagedPart } from './prestaged.ts';
import { partitionDevice } from './sysfs.ts';

/**
 * Replaces the table of a disk a prestaged medium lies on: its partitions keep number, place, type, identity, name and
 * attributes, everything else goes, and what is planned lies in the largest room beside them. They are mounted meanwhile.
 * Both tables a power cut can leave behind hold them.
 *
 * @throws BW-DISK-002, BW-DISK-005, BW-DISK-006
 */
export async function writeTableBeside(
  disk: Disk,
  plan: PartitionPlan,
  kept: PartitionTable['partitions'],
): Promise<void> {
  const keptDevices = kept.map(({ device }) => device);
  await refuseBusy(disk.path, keptDevices);
  const room = prestagedPart(disk, kept);
  const wanted = plan.partitions.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (wanted > room.usableBytes)
    throw new BootwrightError('BW-DISK-005', `The partitions do not fit beside the prestaged medium on ${disk.path}.`);
  const others = (await partitionDevices(disk.path)).filter((device) => !keptDevices.includes(device));
  for (const device of others) await run('wipefs', ['--all', '--force', '--quiet', device]);
  const { head, lines } = await describedBySfdisk(disk, kept);
  const taken = new Set(kept.map(({ number }) => number));
  const numbers = plan.partitions.map(() => {
    let number = 1;
    while (taken.has(number)) number += 1;
    taken.add(number);
    return number;
  });
  let start = room.startBytes;
  const added = plan.partitions.map((partition, index) => {
    const line = `${partitionDevice(disk.path, numbers[index] ?? 0)} : ${scriptLine(partition, start, disk.sectorSize)}`;
    start += partition.sizeBytes;
    return line;
  });
  // sfdisk would wipe what it takes for new partitions, the kept ones among them, and asks the kernel to read a table
  // of a disk that is in use.
  const quiet = [
    '--quiet',
    '--force',
    '--no-reread',
    '--no-tell-kernel',
    '--wipe',
    'never',
    '--wipe-partitions',
    'never',
  ];
  await run('sfdisk', [...quiet, disk.path], { input: `${[...head, '', ...lines, ...added].join('\n')}\n` });
  for (const device of others) await run('partx', ['--delete', device], { accept: [1] });
  await showPartitions(disk, numbers);
  // What lay there before would turn up again.
  for (const number of numbers)
    await run('wipefs', ['--all', '--force', '--quiet', partitionDevice(disk.path, number)]);
}

/** The kept partitions as sfdisk itself writes them down: nothing of theirs gets lost, whatever it is. */
async function describedBySfdisk(
  disk: Disk,
  kept: PartitionTable['partitions'],
): Promise<{ readonly head: readonly string[]; readonly lines: readonly string[] }> {
  const { stdout } = await run('sfdisk', ['--dump', disk.path]);
  const all = stdout.split('\n').filter((line) => line !== '');
  const lines = all.filter((line) => kept.some(({ device }) => line.startsWith(`${device} :`)));
  if (lines.length !== kept.length)
    throw new BootwrightError(
      'BW-DISK-006',
      `sfdisk does not show the partitions of the prestaged medium on ${disk.path}.`,
    );
  return { head: all.filter((line) => /^(label|label-id|unit|table-length|sector-size): /.test(line)), lines };
}
