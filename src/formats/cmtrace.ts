/** A log line as Configuration Manager's viewer reads it. */
export interface LogRecord {
  readonly text: string;
  readonly component: string;
  readonly at: Date;
  readonly severity: 'info' | 'warning' | 'error';
  readonly thread?: number;
  /** `run.ts:12` */
  readonly source?: string;
  /** Minutes to add to local time to get UTC, as Windows counts: UTC−7 is 420. */
  readonly biasMinutes?: number;
}

const types = { info: 1, warning: 2, error: 3 } as const;

/** One record, several lines if its text has them, without the final line feed. */
export function formatLogRecord(record: LogRecord): string {
  const bias = record.biasMinutes ?? 0;
  const local = new Date(record.at.getTime() - bias * 60_000).toISOString();
  const [year, month, day] = local.slice(0, 10).split('-');
  const sign = bias < 0 ? '-' : '+';
  // The end mark inside a text would end the record.
  const text = record.text.replaceAll(']LOG]!>', ']LOG] !>');
  return (
    `<![LOG[${text}]LOG]!><time="${local.slice(11, 23)}${sign}${String(Math.abs(bias)).padStart(3, '0')}" ` +
    `date="${month}-${day}-${year}" component="${attribute(record.component)}" context="" ` +
    `type="${types[record.severity]}" thread="${record.thread ?? 0}" file="${attribute(record.source ?? '')}">`
  );
}

/** Reads a log back; what is no record is left out. */
export function parseLog(log: string): LogRecord[] {
  const pattern =
    /<!\[LOG\[([\s\S]*?)\]LOG\]!><time="([\d:.]{12})([+-]\d+)" date="(\d\d)-(\d\d)-(\d{4})" component="([^"]*)" context="[^"]*" type="([123])" thread="(\d+)" file="([^"]*)">/g;
  return [...log.matchAll(pattern)].map((match) => {
    const [, text = '', time = '', bias = '0', month, day, year, component = '', type, thread, source = ''] = match;
    const minutes = Number(bias);
    return {
      text,
      component,
      at: new Date(Date.parse(`${year}-${month}-${day}T${time}Z`) + minutes * 60_000),
      severity: type === '3' ? 'error' : type === '2' ? 'warning' : 'info',
      thread: Number(thread),
      source,
      biasMinutes: minutes,
    };
  });
}

function attribute(text: string): string {
  return text.replace(/[\r\n]+/g, ' ').replaceAll('"', "'");
}
