import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import MediaCreateBootable from '../../commands/media/create/bootable.ts';
import MediaCreateCapture from '../../commands/media/create/capture.ts';
import MediaCreatePrestaged from '../../commands/media/create/prestaged.ts';
import MediaCreateStandalone from '../../commands/media/create/standalone.ts';

const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'media.md'), 'utf8');
const [, section = ''] = /^### Settings\n([\s\S]*?)^#/m.exec(page) ?? [];
const rows = [...section.matchAll(/^\| [^|]+ \| `--([\w-]+)` \| (\w+) \| (\w+) \| (\w+) \| (\w+) \|$/gm)];

it.each([
  ['stand-alone', MediaCreateStandalone, 2],
  ['bootable', MediaCreateBootable, 3],
  ['prestaged', MediaCreatePrestaged, 4],
  ['capture', MediaCreateCapture, 5],
] as const)('docs/media.md names every setting of a %s medium, and no other', (_, { flags }, column) => {
  const told = rows.flatMap((row) => (row[column] === 'yes' ? [row[1]] : []));
  const real = Object.keys(flags).filter((name) => name !== 'json');
  expect(told.toSorted()).toEqual(real.toSorted());
  expect(rows.every((row) => ['yes', 'no'].includes(row[column] ?? ''))).toBe(true);
});

it('has each of them once', () => {
  const names = rows.map(([, name]) => name);
  expect(names).toEqual([...new Set(names)]);
});
