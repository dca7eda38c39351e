import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorPage } from '../../bin/error-pages.ts';
import { BootwrightError } from '../../src/model/error.ts';
import { type ErrorEntry, exitCodes } from '../../src/model/errors/entry.ts';
import { errorCatalogue } from '../../src/model/errors/index.ts';

const root = join(import.meta.dirname, '..', '..');
const catalogue: Readonly<Record<string, ErrorEntry>> = errorCatalogue;
const sources = ['commands', 'media', 'src']
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => join(entry.parentPath, entry.name)),
  )
  .filter((file) => !file.includes('/model/errors/'))
  .map((file) => readFileSync(file, 'utf8'))
  .join('\n');

describe('the error catalogue', () => {
  it('has one file per area, whose codes are named after it', () => {
    for (const name of readdirSync(join(root, 'src', 'model', 'errors'))) {
      const area = name.replace('.ts', '').toUpperCase();
      if (['ENTRY', 'INDEX'].includes(area)) continue;
      const codes = readFileSync(join(root, 'src', 'model', 'errors', name), 'utf8').match(/'BW-[^']*'/g) ?? [];
      for (const code of codes) expect(code).toMatch(new RegExp(`^'BW-${area}-\\d{3}'$`));
    }
  });

  it('holds every code that the code uses, and none that nobody uses', () => {
    const used = new Set(sources.match(/BW-[A-Z]+-\d{3}/g));
    expect([...used].filter((code) => catalogue[code] === undefined)).toEqual([]);
    expect(Object.keys(catalogue).filter((code) => !used.has(code))).toEqual([]);
  });

  it.each(Object.entries(catalogue))('%s says what happened and what to do', (_, { title, fix, exit }) => {
    expect(title).toMatch(/^\S.{8,}[^.\s]$/);
    expect(fix).toMatch(/^\S.{12,}\S$/s);
    expect(exitCodes).toHaveProperty(exit);
  });

  it('has no two codes with one title', () => {
    const titles = Object.values(catalogue).map(({ title }) => title);
    expect(titles.filter((title, index) => titles.indexOf(title) !== index)).toEqual([]);
  });

  it('is what docs/errors.md shows (npm run docs)', () => {
    expect(readFileSync(join(root, 'docs', 'errors.md'), 'utf8')).toBe(errorPage());
  });
});

it('an error brings the advice of the catalogue, or a more exact one', () => {
  expect(new BootwrightError('BW-HOST-005', 'x.iso exists.')).toMatchObject({
    fix: errorCatalogue['BW-HOST-005'].fix,
    exitCode: 4,
  });
  expect(new BootwrightError('BW-HOST-005', 'x.iso exists.', { fix: 'Add --force.' }).fix).toBe('Add --force.');
});
