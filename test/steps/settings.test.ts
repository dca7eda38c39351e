import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Disk } from '../../src/model/machine.ts';
import type { XmlProperty } from '../../src/model/sequence.ts';
import { type DiskRule, selectDisk } from '../../src/steps/disk-rule.ts';
import { findStepType, stepTypes } from '../../src/steps/index.ts';
import { resolveSizes, usableBytes } from '../../src/steps/partition-sizes.ts';

const GB = 2 ** 30;
const disk = (path: string, overrides: Partial<Disk> = {}): Disk => ({
  path,
  index: 0,
  serial: path,
  model: '',
  bus: 'sata',
  sizeBytes: 100 * GB,
  sectorSize: 512,
  removable: false,
  contents: '',
  ...overrides,
});

describe('disk rules', () => {
  const small = disk('small', { sizeBytes: 50 * GB, bus: 'nvme' });
  const large = disk('large', { index: 1, serial: 'S-1' });
  const stick = disk('stick', { index: 2, bus: 'usb', sizeBytes: 500 * GB });
  const all = [small, large, stick];
  it.each<[DiskRule, string]>([
    [{ rule: 'largest' }, 'large'],
    [{ rule: 'smallest' }, 'small'],
    [{ bus: 'nvme' }, 'small'],
    [{ bus: 'usb' }, 'stick'],
    [{ serial: 's-1' }, 'large'],
    [{ serial: 'stick' }, 'stick'],
    [{ index: 2 }, 'stick'],
    [{ index: '1' }, 'large'],
    [{ minimumSize: '60 GB' }, 'large'],
    [{ maximumSize: '60 GB' }, 'small'],
    [{ rule: 'largest', bus: 'nvme' }, 'small'],
    [{}, 'BW-DISK-004'],
    [{ rule: 'only' }, 'BW-DISK-004'],
    [{ index: 7 }, 'BW-DISK-001'],
    [{ minimumSize: '1 TB' }, 'BW-DISK-001'],
    [{ serial: 'nobody' }, 'BW-DISK-001'],
  ])('%j means %s', (rule, expected) => {
    const choose = (): string => {
      try {
        return selectDisk(all, rule).path;
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    expect(choose()).toBe(expected);
  });

  it('never chooses between equals, whatever the order', () => {
    const disks = fc.array(
      fc.record({ size: fc.integer({ min: 1, max: 3 }), bus: fc.constantFrom('sata' as const, 'nvme' as const) }),
      { minLength: 1, maxLength: 5 },
    );
    fc.assert(
      fc.property(disks, fc.constantFrom('largest' as const, 'smallest' as const, 'only' as const), (list, rule) => {
        const made = list.map(({ size, bus }, index) => disk(`d${index}`, { sizeBytes: size * GB, bus }));
        const choose = (order: Disk[]): string => {
          try {
            return selectDisk(order, { rule }).path;
          } catch {
            return 'refused';
          }
        };
        expect(choose(made)).toBe(choose(made.toReversed()));
      }),
    );
  });
});

describe('partition sizes', () => {
  it('are whole MiB, in order, and never more than there is', () => {
    const size = fc.oneof(
      fc.integer({ min: 1, max: 2000 }).map((n) => `${n} MB`),
      fc.integer({ min: 1, max: 100 }).map((n) => `${n}%`),
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 10 * 2 ** 20, max: 4 * GB }),
        fc.array(size, { minLength: 1, maxLength: 6 }),
        (bytes, sizes) => {
          const resolve = (): number[] | undefined => {
            try {
              return resolveSizes(
                usableBytes({ sizeBytes: bytes }),
                sizes.map((each, index) => ({ name: `p${index}`, size: each })),
              );
            } catch {
              return undefined;
            }
          };
          const result = resolve();
          fc.pre(result !== undefined);
          expect(result!.every((each) => each > 0 && each % 2 ** 20 === 0)).toBe(true);
          expect(result!.reduce((sum, each) => sum + each, 0) + 2 * 2 ** 20).toBeLessThanOrEqual(bytes);
        },
      ),
    );
  });

  it('percent is of what is left', () => {
    const sizes = resolveSizes(usableBytes({ sizeBytes: 102 * 2 ** 20 }), [
      { name: 'a', size: '50 MB' },
      { name: 'b', size: '50%' },
      { name: 'c', size: 100, units: 'percent' },
    ]);
    expect(sizes.map((each) => each / 2 ** 20)).toEqual([50, 25, 25]);
  });
});

describe('every step type', () => {
  it.each(stepTypes.map((type) => [type.name, type] as const))('%s is whole', (name, type) => {
    expect(findStepType(name.toUpperCase())).toBe(type);
    expect(findStepType(type.type)).toBe(type);
    expect(() => z.toJSONSchema(type.settings, { io: 'input' })).not.toThrow();
    expect(type.settings.safeParse({ nonsense: 1 }).success).toBe(false);
  });

  it('has names of its own', () => {
    const names = stepTypes
      .flatMap((type) => [type.type, type.name, ...type.aliases])
      .map((name) => name.toLowerCase());
    expect(new Set(names).size).toBe(names.length);
  });
});

describe("Configuration Manager's properties", () => {
  const properties = (values: Record<string, string>): XmlProperty[] =>
    Object.entries(values).map(([property, value]) => ({ property, variable: property, value, hidden: false }));

  it.each<[string, Record<string, string>, Record<string, unknown>]>([
    [
      'set-task-sequence-variable',
      { VariableName: 'A', VariableValue: 'b', DoNotShowVariableValue: 'true' },
      { variable: 'A', value: 'b', hidden: true },
    ],
    [
      'restart-computer',
      { Target: 'WinPE', Message: 'Bye', MessageTimeout: '60' },
      { target: 'boot', message: 'Bye', delaySeconds: '60' },
    ],
    ['restart-computer', { Target: 'HD' }, { target: 'disk' }],
    [
      'run-command-line',
      { CommandLine: 'x.cmd', PackageID: 'ABC00001', SuccessCodes: '0 3010', WorkingDirectory: '' },
      { command: 'x.cmd', package: 'ABC00001' },
    ],
    ['run-task-sequence', { TsPackageID: 'ABC00002', TsName: 'Base' }, { sequence: 'ABC00002' }],
    [
      'apply-operating-system-image',
      { ImagePackageID: 'ABC00003', ImageIndex: '2', DestinationVariable: 'OSDisk' },
      { image: 'ABC00003', index: '2', volume: '%OSDisk%' },
    ],
    [
      'format-and-partition-disk',
      {
        DiskIndex: '0',
        PartitionStyle: 'GPT',
        Partitions0Type: 'EFI',
        Partitions0Size: '500',
        Partitions0SizeUnits: 'MB',
        Partitions0FileSystem: 'FAT32',
        Partitions1Type: 'MSR',
        Partitions1Size: '128',
        Partitions2Type: 'Primary',
        Partitions2Size: '99',
        Partitions2SizeUnits: 'Percent',
        Partitions2FileSystem: 'NTFS',
        Partitions2VolumeName: 'Windows',
        Partitions2VolumeLetterVariable: 'OSDisk',
      },
      {
        disk: { index: '0' },
        style: 'gpt',
        partitions: [
          { type: 'efi', size: '500', sizeUnits: 'MB', fileSystem: 'FAT32' },
          { type: 'msr', size: '128', fileSystem: 'none' },
          {
            type: 'windows',
            size: '99',
            sizeUnits: 'Percent',
            fileSystem: 'NTFS',
            label: 'Windows',
            name: 'Windows',
            variable: 'OSDisk',
          },
        ],
      },
    ],
  ])('%s %j', (name, values, expected) => {
    const type = findStepType(name)!;
    const settings = type.fromProperties!(properties(values), '');
    expect(settings).toEqual(expected);
    expect(type.settings.safeParse(settings).error).toBeUndefined();
  });
});
