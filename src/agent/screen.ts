import { type Banner, type Block, fitTo, type Page, type Tone, wrap } from './page.ts';

/** One row less than the text mode has, so that the last cell is never written and nothing scrolls. */
const frameRows = 24;
const frameColumns = 80;

const inner = frameColumns - 4;
const bodyRows = frameRows - 6;

/** A page as 24 lines of 80 characters, without colours. What does not fit gives way to an ellipsis. */
export function drawFrame(page: Page, banner: Banner): string[] {
  const live = page.blocks.findLastIndex(({ kind }) => kind === 'live');
  const split = live < 0 ? page.blocks.length : live;
  const tail = page.blocks
    .slice(split)
    .flatMap(drawBlock)
    .slice(0, bodyRows - 3);
  const head = [page.title, '', ...page.blocks.slice(0, split).flatMap(drawBlock)];
  // What is typed or counted must be seen, however long the rest is.
  const room = bodyRows - tail.length;
  const body = head.length > room ? [...head.slice(0, room - 1), '…', ...tail] : [...head, ...tail];
  while (body.length < bodyRows) body.push('');
  const rule = '─'.repeat(frameColumns - 2);
  const half = Math.floor(inner / 2);
  const keys = page.keys.map(({ key, text }) => `${key} ${text}`).join('   ');
  return [
    `┌${rule}┐`,
    `│ ${fitTo(banner.organisation, half)}${align(banner.label, inner - half)} │`,
    `├${rule}┤`,
    ...body.map((line) => `│ ${fitTo(line, inner)} │`),
    `├${rule}┤`,
    `│ ${fitTo(keys, inner)} │`,
    `└${rule}┘`,
  ];
}

function drawBlock(block: Block): string[] {
  switch (block.kind) {
    case 'gap':
      return [''];
    case 'text':
    case 'live':
      return wrap(block.text, inner);
    case 'list':
      return block.items.flatMap((item) =>
        wrap(item, inner - 4).map((line, index) => `${index === 0 ? '  · ' : '    '}${line}`),
      );
    case 'facts':
      return block.facts.flatMap(([label, value]) => {
        const [first = '', ...more] = wrap(value, inner - factColumn);
        return [fitTo(label, factColumn) + first, ...more.map((line) => ' '.repeat(factColumn) + line)];
      });
    case 'bar':
      return [`${bar(block.fraction, inner - 7)} ${percent(block.fraction).padStart(5)}`, ...wrap(block.text, inner)];
  }
}

const factColumn = 16;

function align(value: string, width: number): string {
  const cut = fitTo(value, width).trimEnd();
  return ' '.repeat(width - [...cut].length) + cut;
}

function bar(fraction: number, width: number): string {
  const full = Math.round(clamp(fraction) * width);
  return '█'.repeat(full) + '░'.repeat(width - full);
}

/** Whole percent, `47 %`. 100 is only said when it is true. */
export function percent(fraction: number): string {
  return `${Math.floor(clamp(fraction) * 100)} %`;
}

function clamp(fraction: number): number {
  return Number.isFinite(fraction) ? Math.min(1, Math.max(0, fraction)) : 0;
}

const toneColours: Readonly<Record<Tone, string>> = {
  normal: '44;97',
  warning: '43;30',
  error: '41;97',
  success: '42;30',
};

export interface Painted {
  readonly lines: readonly string[];
  readonly tone: Tone;
  readonly columns: number;
  readonly rows: number;
}

/** The escape sequences that turn what is on the screen into the new picture; empty when nothing changed. */
export function paint(next: Painted, before: Painted | undefined): string {
  const fresh = before === undefined || before.columns !== next.columns || before.rows !== next.rows;
  const left = Math.max(0, Math.floor((next.columns - frameColumns) / 2)) + 1;
  const top = Math.max(0, Math.floor((next.rows - frameRows) / 2)) + 1;
  const changed = next.lines.map((line, index) => {
    const same = !fresh && before.lines[index] === line && (before.tone === next.tone || index > 2);
    return same ? '' : `\x1b[${top + index};${left}H${colour(line, index, next.tone)}`;
  });
  // Hidden cursor, no blanking, no line wrap.
  return (fresh ? '\x1b[0m\x1b[?25l\x1b[9;0]\x1b[?7l\x1b[2J' : '') + changed.join('');
}

function colour(line: string, index: number, tone: Tone): string {
  if (index < 3) return `\x1b[${toneColours[tone]}m${line}\x1b[0m`;
  if (index === 3) return `\x1b[1m${line}\x1b[0m`;
  return line;
}
