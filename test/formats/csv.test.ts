import { expect, it } from 'vitest';
import { readCsv } from '../../src/formats/csv.ts';

it('reads what RFC 4180 says, and what spreadsheets write', () => {
  const text = '\uFEFFname,mac,Note\r\na, 1 ,"two, with ""quotes""\r\nand a line"\r\n\r\nb,,\n"c d",x';
  expect(readCsv(text)).toEqual([
    { line: 1, cells: ['name', 'mac', 'Note'] },
    { line: 2, cells: ['a', '1', 'two, with "quotes"\r\nand a line'] },
    { line: 5, cells: ['b', '', ''] },
    { line: 6, cells: ['c d', 'x'] },
  ]);
  expect(readCsv('name;mac\na;1,2\n')).toEqual([
    { line: 1, cells: ['name', 'mac'] },
    { line: 2, cells: ['a', '1,2'] },
  ]);
  expect(readCsv('')).toEqual([]);
});
