/** What is to be seen, without saying how: the screen draws a box, the serial console prints lines. */
export interface Page {
  /** Pages with the same id are updates of one another. */
  readonly id: string;
  readonly title: string;
  readonly tone: Tone;
  readonly blocks: readonly Block[];
  readonly keys: readonly KeyHint[];
}

export type Tone = 'normal' | 'warning' | 'error' | 'success';

export type Block =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'facts'; readonly facts: readonly (readonly [label: string, value: string])[] }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  /** `fraction` from 0 to 1. */
  | { readonly kind: 'bar'; readonly fraction: number; readonly text: string }
  /** A line that changes while one looks at it: what is typed, a countdown. */
  | { readonly kind: 'live'; readonly text: string }
  | { readonly kind: 'gap' };

export interface KeyHint {
  readonly key: string;
  readonly text: string;
}

/** What stands above every page. */
export interface Banner {
  readonly organisation: string;
  readonly label: string;
}

export function text(value: string): Block {
  return { kind: 'text', text: value };
}

export const gap: Block = { kind: 'gap' };

/**
 * Names and serial numbers come from disks and firmware of strangers: control characters in them would be orders to
 * the terminal.
 */
export function printable(value: string): string {
  return value.replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ');
}

/** Breaks at spaces; a word longer than the line is cut into pieces. Widths in characters. */
export function wrap(value: string, width: number): string[] {
  const lines: string[] = [];
  for (const paragraph of value.split('\n').map(printable)) {
    let line = '';
    for (const word of paragraph.split(' ').filter((part) => part !== '')) {
      let rest = word;
      if (line !== '' && length(line) + 1 + length(rest) > width) {
        lines.push(line);
        line = '';
      }
      while (line === '' && length(rest) > width) {
        lines.push([...rest].slice(0, width).join(''));
        rest = [...rest].slice(width).join('');
      }
      line = line === '' ? rest : `${line} ${rest}`;
    }
    lines.push(line);
  }
  return lines;
}

/** Exactly `width` characters, cut with an ellipsis or filled with spaces. */
export function fitTo(value: string, width: number): string {
  const characters = [...printable(value)];
  if (characters.length > width) return `${characters.slice(0, Math.max(0, width - 1)).join('')}…`;
  return characters.join('') + ' '.repeat(width - characters.length);
}

function length(value: string): number {
  return [...value].length;
}
