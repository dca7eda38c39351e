import { describe, expect, it } from 'vitest';
import { SimulatedMachine } from '../../src/machine/simulated/machine.ts';
import { blankModel } from '../../src/machine/simulated/model.ts';
import { leastFat32Bytes } from '../../src/steps/fat32-size.ts';
import { findStepType, stepTypes } from '../../src/steps/index.ts';
import { run, step } from '../engine/harness.ts';

const type = findStepType('format-and-partition-disk')!;

async function partition(size: string, sectorSize: number) {
  const model = blankModel({});
  const machine = new SimulatedMachine({ ...model, disks: model.disks.map((disk) => ({ ...disk, sectorSize })) }, {});
  const settings = {
    partitions: [
      { type: 'efi', size },
      { type: 'linux', size: '100%' },
    ],
  };
  const { outcome } = await run([step('Partition', { type: type.type, settings, environments: type.environments })], {
    types: stepTypes,
    machine,
  });
  return { outcome, tables: (await machine.partitionTable((await machine.disks())[0]!.path)).partitions.length };
}

describe('the least size of a FAT32 partition', () => {
  // What mkfs.vfat -F 32 warns about, and EDK II does not mount.
  it('is about 33 MB with 512-byte sectors and 257 MB with 4,096-byte sectors', () => {
    expect(Math.ceil(leastFat32Bytes(512) / 2 ** 20)).toBe(33);
    expect(Math.ceil(leastFat32Bytes(4096) / 2 ** 20)).toBe(257);
  });

  it('is enough for a system partition of 256 MB with 512-byte sectors', async () => {
    expect(await partition('256 MB', 512)).toMatchObject({ outcome: { state: 'completed' }, tables: 2 });
  });

  it('refuses 256 MB with 4,096-byte sectors before anything is erased', async () => {
    const { outcome, tables } = await partition('256 MB', 4096);
    expect(outcome).toMatchObject({ state: 'failed', error: 'BW-DISK-005' });
    expect(tables).toBe(0);
  });

  it('takes 300 MB there', async () => {
    expect(await partition('300 MB', 4096)).toMatchObject({ outcome: { state: 'completed' }, tables: 2 });
  });
});
