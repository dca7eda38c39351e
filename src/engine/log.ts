import { dirname } from 'node:path';
import { formatLogRecord, type LogRecord } from '../formats/cmtrace.ts';
import { now } from '../host/clock.ts';
import { mkdir, open, rename, sizeOf } from '../host/files.ts';

/** Configuration Manager's default; its viewer stays quick below it. */
const defaultLimit = 250_000;

export interface LogWriter {
  /** Returns when the line is in the file; lines keep their order. */
  write(record: Omit<LogRecord, 'at'> & { readonly at?: Date }): Promise<void>;
  close(): Promise<void>;
}

/**
 * A log in CMTrace format. When a line would take it over the limit, the file becomes `smsts.lo_` (replacing the
 * last one) and a new one begins. Texts have to be masked already.
 */
export async function openLog(path: string, options: { readonly limitBytes?: number } = {}): Promise<LogWriter> {
  const limit = options.limitBytes ?? defaultLimit;
  await mkdir(dirname(path), { recursive: true });
  let file = await open(path, 'a', 0o600);
  let size = await sizeOf(path);
  let last: Promise<void> = Promise.resolve();
  const append = async (line: Buffer): Promise<void> => {
    if (size > 0 && size + line.byteLength > limit) {
      await file.close();
      await rename(path, path.replace(/(\.log)?$/, '.lo_'));
      file = await open(path, 'a', 0o600);
      size = 0;
    }
    await file.appendFile(line);
    size += line.byteLength;
  };
  return {
    write(record) {
      const line = Buffer.from(`${formatLogRecord({ ...record, at: record.at ?? now() })}\r\n`);
      // One line after the other, and one that fails does not take the following with it.
      last = last.catch(() => undefined).then(() => append(line));
      return last;
    },
    async close() {
      await last.catch(() => undefined);
      await file.sync();
      await file.close();
    },
  };
}
