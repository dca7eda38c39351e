import { expect, it } from 'vitest';
import { liveText } from '../../src/host/live-text.ts';
import { BootwrightError } from '../../src/model/error.ts';
import { displayStation } from '../../src/staging/display.ts';
import type { BayView } from '../../src/staging/view.ts';

const bay: BayView = {
  ...{ name: 'A1', phase: 'looking', path: '/dev/sdb', serial: 'S1', model: 'Disk', size: 1024 ** 3, asset: 'PC-1' },
  ...{ health: 'healthy', contents: '1 partition: ntfs', done: 0, total: 0, message: '' },
};
const mebibyte = 1024 ** 2;

function drive(kind: 'lines' | 'json' | 'table'): string {
  let written = '';
  let time = 0;
  const write = (text: string): void => {
    written += text;
  };
  const live = kind === 'table' ? { live: liveText(write, () => 160) } : {};
  const display = displayStation({ json: kind === 'json', write, clock: () => time, ...live });
  display.changed({ ...bay, health: '', contents: '' }, false);
  display.changed(bay, false);
  display.changed({ ...bay, phase: 'writing', total: 800 * mebibyte }, false);
  for (time = 100; time <= 20_000; time += 100)
    display.changed({ ...bay, phase: 'writing', done: (time / 100) * 4 * mebibyte, total: 800 * mebibyte }, true);
  display.note('a word');
  const error = new BootwrightError('BW-STAGING-009', 'other bytes.');
  display.changed({ ...bay, phase: 'failed', message: error.message, error }, false);
  display.end();
  return written;
}

it('prints lines: what a disk is, what changed, and now and then how far it is', () => {
  expect(drive('lines').trimEnd().split('\n')).toEqual([
    'A1: S1 Disk 1.0 GiB PC-1: looking',
    'A1: S1 Disk 1.0 GiB PC-1: looking, healthy; held 1 partition: ntfs',
    'A1: S1 Disk 1.0 GiB PC-1: writing, 0 %',
    'A1: S1 Disk 1.0 GiB PC-1: writing, 75 %, 40.0 MiB/s, 5.0 s left',
    'a word',
    'A1: S1 Disk 1.0 GiB PC-1: failed, BW-STAGING-009 other bytes.',
  ]);
});

it('prints one JSON value per line', () => {
  const lines = drive('json')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines.length).toBeGreaterThan(20);
  expect(lines.length).toBeLessThan(30);
  expect(lines.at(-1)).toMatchObject({ type: 'staging.bay', phase: 'failed', code: 'BW-STAGING-009', name: 'A1' });
  expect(lines).toContainEqual({ type: 'staging.note', text: 'a word' });
});

it('draws a table over itself, and leaves the line alone that is typed on', () => {
  const text = drive('table');
  const last = text.split('\u001b7').at(-1)!;
  expect(last).toMatch(/A1 +S1 +Disk +1\.0 GiB +PC-1 +failed +BW-STAGING-009 other bytes\./);
  expect(last).toContain('\u001b8');
  // Whatever was drawn, the cursor never went above the first line of the table.
  const ups = [...text.matchAll(/\u001b\[(\d+)F/g)].map(([, rows]) => Number(rows));
  expect(new Set(ups)).toEqual(new Set([5]));
});
