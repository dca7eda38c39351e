import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type Bitmap, encodePng } from '../formats/png.ts';
import { type ConsoleFont, readConsoleFont } from '../formats/psf.ts';
import { readBytes, writeAtomically } from '../host/files.ts';
import { run } from '../host/process.ts';
import { hostTools } from '../host/tools.ts';
import { formatBytes } from '../model/quantity.ts';
import { type CustodyRecord, fileName } from './custody.ts';

/** Label printers have 203 or 300 dots per inch; at 203 a label of the usual length is 57 × 25 mm and more. */
const dotsPerInch = 203;
const dotsPerModule = 6;
const quietModules = 4;

/** The lines people read. */
export function labelLines({ asset, disk, medium, endedAt }: CustodyRecord): string[] {
  return [
    ...(asset === '' ? [] : [asset]),
    disk.serial === '' ? `bay ${disk.bay}` : `S/N ${disk.serial}`,
    `${disk.model} ${formatBytes(disk.size)}`.trim(),
    medium.name,
    endedAt.slice(0, 10),
  ];
}

/** What a scanner reads: fields that other programs can take apart. */
export function labelCode({ asset, disk, medium, id }: CustodyRecord): string {
  const fields = { asset, serial: disk.serial, medium: medium.name, record: id };
  return Object.entries(fields)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&');
}

/** Writes `labels/ID.txt` and `labels/ID.png`. @throws BW-HOST-001, BW-HOST-007 */
export async function writeLabel(folder: string, record: CustodyRecord): Promise<void> {
  const lines = labelLines(record);
  const matrix = await qrMatrix(labelCode(record));
  const base = join(folder, 'labels', fileName(record.id));
  await writeAtomically(`${base}.txt`, `${lines.join('\n')}\n\n${blocks(matrix)}`);
  await writeAtomically(`${base}.png`, encodePng(drawLabel(lines, matrix, await labelFont()), dotsPerInch));
}

/** What has to be installed for labels; asked before the first disk. @throws BW-HOST-001, BW-HOST-007 */
export async function checkLabelTools(): Promise<void> {
  await qrMatrix('bootwright');
  await labelFont();
}

type Matrix = readonly (readonly boolean[])[];

async function qrMatrix(text: string): Promise<Matrix> {
  const { stdout } = await run('qrencode', ['--type', 'ASCIIi', '--margin', '0', '--level', 'M', '--output', '-'], {
    input: text,
  });
  // Two characters per module; inverted, so that a blank is dark.
  const rows = stdout.split('\n').filter((line) => line !== '');
  return rows.map((line) => Array.from({ length: line.length / 2 }, (_, index) => line[index * 2] === ' '));
}

/** Two rows per line of text. */
function blocks(matrix: Matrix): string {
  const dark = (x: number, y: number): boolean => matrix[y]?.[x] ?? false;
  const size = matrix.length;
  const lines = Array.from({ length: Math.ceil(size / 2) + 2 }, (_, row) =>
    Array.from({ length: size + 4 }, (__, column) => {
      const [x, y] = [column - 2, row * 2 - 2];
      // For paper. On a dark terminal it is inverted, which most scanners read too.
      return dark(x, y) ? (dark(x, y + 1) ? '█' : '▀') : dark(x, y + 1) ? '▄' : ' ';
    }).join(''),
  );
  return `${lines.join('\n')}\n`;
}

let font: ConsoleFont | undefined;
async function labelFont(): Promise<ConsoleFont> {
  if (font !== undefined) return font;
  const file = hostTools.find((tool) => tool.package === 'console-setup-linux')?.file ?? '';
  font = readConsoleFont(gunzipSync(await readBytes(file)));
  return font;
}

/** The code on the left, lines on the right of it. */
export function drawLabel(lines: readonly string[], matrix: Matrix, letters: ConsoleFont): Bitmap {
  const code = (matrix.length + 2 * quietModules) * dotsPerModule;
  const longest = Math.max(...lines.map((line) => [...line].length));
  const width = code + (longest + 1) * letters.width;
  const lineHeight = Math.floor(letters.height * 1.3);
  const height = Math.max(code, (lines.length + 1) * lineHeight);
  const dots = new Uint8Array(width * height);
  const paint = (x: number, y: number): void => {
    dots[y * width + x] = 1;
  };
  const top = Math.floor((height - code) / 2);
  for (const [row, cells] of matrix.entries())
    for (const [column, dark] of cells.entries()) {
      if (!dark) continue;
      const [left, above] = [(column + quietModules) * dotsPerModule, top + (row + quietModules) * dotsPerModule];
      for (let dot = 0; dot < dotsPerModule ** 2; dot += 1)
        paint(left + (dot % dotsPerModule), above + Math.floor(dot / dotsPerModule));
    }
  const first = Math.floor((height - lines.length * lineHeight) / 2);
  for (const [row, line] of lines.entries())
    for (const [column, character] of [...line].entries()) {
      const glyph = letters.glyph(character) ?? letters.glyph('?') ?? new Uint8Array(0);
      for (const [index, ink] of glyph.entries()) {
        if (ink === 0) continue;
        const [x, y] = [index % letters.width, Math.floor(index / letters.width)];
        paint(code + column * letters.width + x, first + row * lineHeight + y);
      }
    }
  return { width, height, dots };
}
