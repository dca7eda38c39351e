/** One line of a table with the number of the line it begins on, counted from 1. */
export interface CsvRow {
  readonly line: number;
  readonly cells: readonly string[];
}

/** Reads comma-separated values (RFC 4180); spreadsheets of some countries write semicolons, the first line tells. */
export function readCsv(text: string): CsvRow[] {
  const body = text.replace(/^\uFEFF/, '');
  const [first = ''] = body.split(/\r?\n/, 1);
  const separator = first.includes(';') && !first.includes(',') ? ';' : ',';
  const rows: CsvRow[] = [];
  let cells: string[] = [];
  let [line, startLine] = [1, 1];
  let cell = '';
  let quoted = false;
  const endRow = (): void => {
    cells.push(cell);
    if (cells.some((one) => one.trim() !== '')) rows.push({ line: startLine, cells: cells.map((one) => one.trim()) });
    cells = [];
    cell = '';
  };
  for (let at = 0; at < body.length; at += 1) {
    const character = body[at]!;
    if (character === '\n') line += 1;
    if (quoted) {
      if (character !== '"') cell += character;
      else if (body[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else quoted = false;
    } else if (character === '"' && cell.trim() === '') {
      cell = '';
      quoted = true;
    } else if (character === separator) {
      cells.push(cell);
      cell = '';
    } else if (character === '\n') {
      endRow();
      startLine = line;
    } else if (character !== '\r') cell += character;
  }
  endRow();
  return rows;
}
