/** Lines on standard error that are written over in place, above the line that is being typed on. */
export interface LiveText {
  show(lines: readonly string[]): void;
  /** A line was typed: the terminal went one down. */
  typed(): void;
  /** Leaves what is shown where it is. */
  end(): void;
}

/** Whether standard error is a terminal that can do this. */
export function canShowLiveText(): boolean {
  return process.stderr.isTTY === true && process.env['TERM'] !== 'dumb';
}

export function liveText(
  write: (text: string) => void = writeToStandardError,
  columns: () => number = () => process.stderr.columns ?? 80,
): LiveText {
  let height = 0;
  return {
    show(lines) {
      const cut = lines.map((line) => [...line].slice(0, columns() - 1).join(''));
      if (height === cut.length && height > 0) {
        // The cursor goes back to where somebody types: half a line may stand there.
        write(`\u001b7\u001b[${height}F${cut.map((line) => `\u001b[2K${line}\n`).join('')}\u001b8`);
        return;
      }
      write(`${height > 0 ? `\r\u001b[${height}A\u001b[J` : ''}${cut.join('\n')}\n`);
      height = cut.length;
    },
    typed() {
      if (height > 0) write('\u001b[1A\u001b[2K');
    },
    end() {
      if (height > 0) write('\n');
      height = 0;
    },
  };
}

/** What is not the result goes there, so that standard output can be piped. */
export function writeToStandardError(text: string): void {
  process.stderr.write(text);
}
