import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { variableQuestion } from '../../src/agent/ask-variables.ts';
import { confirmPage } from '../../src/agent/confirm.ts';
import { earlierRunPage } from '../../src/agent/earlier-run-page.ts';
import { failurePage } from '../../src/agent/failure.ts';
import { LinePrinter } from '../../src/agent/lines.ts';
import { type Page, wrap } from '../../src/agent/page.ts';
import { noProgress, progressPage } from '../../src/agent/progress-page.ts';
import { drawFrame, paint } from '../../src/agent/screen.ts';
import { typingPage } from '../../src/agent/type-line.ts';
import type { Disk, MachineFacts } from '../../src/model/machine.ts';

const banner = { organisation: 'Müller & Söhne GmbH', label: 'Debian 13' };

const facts: MachineFacts = {
  firmware: 'uefi',
  secureBoot: true,
  architecture: 'x64',
  make: 'Lenovo',
  model: 'ThinkCentre M70q',
  serialNumber: 'PC1A2B3C',
  assetTag: '',
  uuid: '',
  memoryBytes: 8e9,
  macAddresses: [],
  tpm: true,
};

const disk: Disk = {
  path: '/dev/nvme0n1',
  index: 0,
  serial: 'S64DNF0R612345',
  model: 'Samsung SSD 980 500GB',
  bus: 'nvme',
  sizeBytes: 500_107_862_016,
  sectorSize: 512,
  removable: false,
  contents: '4 partitions: vfat "SYSTEM", ntfs "Windows", ntfs "Recovery", ext4 "home"',
};

const room = variableQuestion({ name: 'OSDComputerName', value: '' }, 0, 2);
const secret = variableQuestion({ name: 'LocalPassword', value: '', hidden: true }, 1, 2);

const pages: Readonly<Record<string, Page>> = {
  variable: typingPage(room, 'lab-07', ''),
  'variable-hidden': typingPage(secret, 'Grüße', ''),
  confirm: confirmPage(
    {
      sequence: 'Debian 13 for the lab',
      facts,
      targets: [disk],
      actions: [
        'Partition the disk: erases the disk (rule "largest") and creates efi 512 MB fat32, linux 100% ext4',
        'Apply Debian: applies image 1 of debian',
        'Set up Linux: writes fstab and GRUB',
      ],
    },
    15,
  ),
  'confirm-stopped': confirmPage({ sequence: 'Debian 13', facts, targets: [], actions: [] }, undefined),
  failure: failurePage(
    {
      step: 'Apply Debian',
      code: 0x80004005,
      message: 'BW-STEP-009 The image was applied, but 3 files read back otherwise: /etc/passwd, /etc/group, /bin/sh.',
      log: '/run/bootwright/logs/smsts.log',
      allowShell: true,
    },
    '',
  ),
  progress: progressPage({
    ...noProgress,
    sequence: 'Debian 13 for the lab',
    step: 'Apply Debian',
    index: 2,
    total: 5,
    fraction: 0.47,
    text: 'Writing files: 147 MiB of 312 MiB',
    finished: ['Partition the disk: /dev/nvme0n1 has 2 new partitions (465.8 GiB).'],
  }),
  finished: earlierRunPage(
    { kind: 'finished', disk: '/dev/sda', volume: 'PARTUUID=1', finishedAt: '2026-06-01T12:00:00.000Z' },
    'disk',
    10,
  ),
};

describe('drawFrame', () => {
  it.each(Object.entries(pages))('%s', async (name, page) => {
    await expect(`${drawFrame(page, banner).join('\n')}\n`).toMatchFileSnapshot(`../goldens/agent/${name}.screen.txt`);
  });

  it('is 24 lines of 80 characters, whatever is in it', () => {
    const block = fc.oneof(
      fc.record({ kind: fc.constant('text' as const), text: fc.string({ unit: 'binary', maxLength: 400 }) }),
      fc.record({ kind: fc.constant('live' as const), text: fc.string({ maxLength: 200 }) }),
      fc.record({ kind: fc.constant('list' as const), items: fc.array(fc.string(), { maxLength: 30 }) }),
      fc.record({ kind: fc.constant('facts' as const), facts: fc.array(fc.tuple(fc.string(), fc.string())) }),
      fc.record({ kind: fc.constant('bar' as const), fraction: fc.double(), text: fc.string() }),
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.array(block, { maxLength: 12 }), (title, blocks) => {
        const page: Page = { id: 'x', title, tone: 'normal', blocks, keys: [{ key: title, text: title }] };
        const lines = drawFrame(page, { organisation: title, label: title });
        expect(lines).toHaveLength(24);
        // One assertion for all of them: 4,800 would be most of the time.
        const wrong = lines.filter((line) => [...line].length !== 80 || /[\u0000-\u001f\u007f-\u009f]/.test(line));
        expect(wrong).toEqual([]);
      }),
    );
  });
});

describe('paint', () => {
  const state = (lines: string[], columns = 80) => ({ lines, tone: 'normal' as const, columns, rows: 25 });
  const first = drawFrame(pages['progress']!, banner);

  it('writes only lines that changed', () => {
    const second = [...first];
    second[7] = `│${'x'.repeat(78)}│`;
    const changes = paint(state(second), state(first));
    expect(changes).toBe(`\x1b[8;1H│${'x'.repeat(78)}│`);
    expect(paint(state(first), state(first))).toBe('');
  });

  it('draws everything anew, in the middle, when the screen has another size', () => {
    const changes = paint(state(first, 160), state(first, 80));
    expect(changes).toContain('\x1b[2J');
    expect(changes).toContain('\x1b[1;41H');
  });
});

describe('LinePrinter', () => {
  it.each(Object.entries(pages))('%s', async (name, page) => {
    const printed = new LinePrinter().print(page).replaceAll('\r', '').replaceAll('\x1b[K', '');
    await expect(`${printed}\n`).toMatchFileSnapshot(`../goldens/agent/${name}.serial.txt`);
  });

  it('prints nothing when nothing changed, and bars in steps of ten percent', () => {
    const printer = new LinePrinter();
    const at = (fraction: number): Page => ({
      ...pages['progress']!,
      blocks: [{ kind: 'bar', fraction, text: `${fraction}` }],
    });
    const printed = Array.from({ length: 1001 }, (_, index) => printer.print(at(index / 1000)));
    expect(printed.slice(1).filter((text) => text !== '')).toHaveLength(10);
    expect(printer.print(at(1))).toBe('');
  });

  it('rewrites the line of a countdown in its place', () => {
    const printer = new LinePrinter();
    printer.print(pages['confirm']!);
    const next: Page = {
      ...pages['confirm']!,
      blocks: pages['confirm']!.blocks.map((block) => (block.kind === 'live' ? { ...block, text: '14' } : block)),
    };
    expect(printer.print(next)).toBe('\r14\x1b[K');
    expect(printer.reset()).toBe('\n');
  });

  it('lets no control character of a disk or firmware through', () => {
    const printer = new LinePrinter();
    const page: Page = {
      id: 'x',
      title: 'a\x1b[2Jb',
      tone: 'normal',
      blocks: [{ kind: 'text', text: '\x1b]0;x\x07' }],
      keys: [],
    };
    expect(
      printer
        .print(page)
        .replace(/[\r\n]/g, '')
        .replaceAll('\x1b[K', ''),
    ).not.toMatch(/[\u0000-\u001f]/);
  });
});

describe('wrap', () => {
  it('loses no word and keeps every line within its width', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-zäöü]{1,30}$/)), fc.integer({ min: 1, max: 40 }), (words, width) => {
        const lines = wrap(words.join(' '), width);
        for (const line of lines) expect([...line].length).toBeLessThanOrEqual(width);
        expect(lines.join('').replaceAll(' ', '')).toBe(words.join(''));
      }),
    );
  });
});
