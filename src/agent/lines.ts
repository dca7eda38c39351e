import { type Block, type Page, printable } from './page.ts';
import { percent } from './screen.ts';

/**
 * A page for a serial console, which somebody may be recording: whole when it appears, later only what changed, bars
 * in steps of ten percent. A live line is rewritten in place.
 */
export class LinePrinter {
  #before: Page | undefined;
  #open = '';

  print(page: Page): string {
    const before = this.#before?.id === page.id && this.#before.title === page.title ? this.#before : undefined;
    this.#before = page;
    const lines =
      before === undefined
        ? ['', `== ${printable(page.title)} ==`, ...page.blocks.flatMap(printBlock), ...printKeys(page)]
        : page.blocks.flatMap((block, index) => (changed(block, before.blocks[index]) ? printBlock(block) : []));
    const live = page.blocks.findLast((block) => block.kind === 'live');
    const open = live === undefined ? '' : printable(live.text);
    if (lines.length === 0 && open === this.#open) return '';
    const start = this.#open === '' || lines.length === 0 ? '' : '\n';
    this.#open = open;
    const rewritten = open === '' && lines.length > 0 ? '' : `\r${open}\x1b[K`;
    return start + lines.map((line) => `${line}\n`).join('') + rewritten;
  }

  /** The line that is open is finished, e.g. before a shell takes the console. The next page is printed whole. */
  reset(): string {
    const end = this.#open === '' ? '' : '\n';
    this.#before = undefined;
    this.#open = '';
    return end;
  }
}

function printKeys(page: Page): string[] {
  return page.keys.length === 0 ? [] : [page.keys.map(({ key, text }) => `[${key}] ${text}`).join('  ')];
}

function printBlock(block: Block): string[] {
  switch (block.kind) {
    case 'gap':
    case 'live':
      return [];
    case 'text':
      return block.text.split('\n').map(printable);
    case 'list':
      return block.items.map((item) => `  - ${printable(item)}`);
    case 'facts':
      return block.facts.map(([label, value]) => `${label}: ${printable(value)}`);
    case 'bar':
      return [`${percent(block.fraction)} ${printable(block.text)}`.trimEnd()];
  }
}

function changed(block: Block, before: Block | undefined): boolean {
  if (before === undefined || before.kind !== block.kind) return true;
  if (block.kind === 'bar' && before.kind === 'bar') return tenth(block.fraction) !== tenth(before.fraction);
  return JSON.stringify(block) !== JSON.stringify(before);
}

function tenth(fraction: number): number {
  return Math.floor(fraction * 10);
}
