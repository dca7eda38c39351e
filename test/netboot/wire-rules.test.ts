import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { wireRules } from './wire-rules.ts';

const root = join(import.meta.dirname, '..');
const idPattern = /\b(?:TFTP|DHCP|PXE|IPXE|HTTPB|WIN|TIM|CLI)-\d+[a-z]?\b/g;

/** Ids in the names of tests, with the files of those tests. */
function proven(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.test.ts'));
  for (const file of files) {
    const text = readFileSync(join(root, file), 'utf8');
    for (const [, title = ''] of text.matchAll(/\bit(?:\.\w+\([^)]*\)+)?\(\s*'([^'\n]*)'/g))
      for (const [id] of title.matchAll(idPattern))
        if (found.get(id)?.includes(file) !== true) found.set(id, [...(found.get(id) ?? []), file]);
  }
  return found;
}

it('every rule of the wire is proven by a test that names it, or says why it is not held', () => {
  const where = proven();
  const rows = wireRules.map(({ id, grade, about, notHeld }) => {
    const place = notHeld === undefined ? (where.get(id) ?? ['NOWHERE']).join(', ') : `not held: ${notHeld}`;
    return `${id.padEnd(8)} ${grade}  ${about.padEnd(44)} ${place}`;
  });
  console.log(rows.join('\n'));
  expect(rows.filter((row) => row.endsWith('NOWHERE'))).toEqual([]);
});

it('tests name no rule that is not in the list', () => {
  const known = new Set(wireRules.map(({ id }) => id));
  expect([...proven().keys()].filter((id) => !known.has(id))).toEqual([]);
});
