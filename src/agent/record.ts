import { openLog } from '../engine/log.ts';
import type { SecretMask } from '../engine/mask.ts';
import { now } from '../host/clock.ts';
import { mkdir, open } from '../host/files.ts';
import type { SerialPort } from '../host/serial-port.ts';
import { uptimeSeconds } from '../host/uptime.ts';
import type { BootwrightEvent, EmitEvent, EventBody } from '../model/event.ts';
import { logRecord } from './log-record.ts';

/** Everything that happens, masked, goes to all of: the event port, `events.jsonl`, `smsts.log`, and who listens. */
export interface EventRecord {
  readonly emit: EmitEvent;
  /** Whoever wants to see events as they come, e.g. the progress page. Listeners get masked events. */
  listen(listener: (event: BootwrightEvent) => void): void;
  /** Until everything is in the files. */
  flush(): Promise<void>;
  /** Until everything is in the files and, for two seconds at most, has left the port. */
  drain(): Promise<void>;
}

export interface RecordOptions {
  readonly folder: string;
  readonly mask: SecretMask;
  readonly port?: SerialPort | undefined;
}

/** Opens the record in a folder, going on with what is there. A folder that cannot be written is no reason to fail. */
export async function openRecord({ folder, mask, port }: RecordOptions): Promise<EventRecord> {
  const listeners: ((event: BootwrightEvent) => void)[] = [];
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch(() => undefined);
  const events = await open(`${folder}/events.jsonl`, 'a', 0o600).catch(() => undefined);
  const log = await openLog(`${folder}/smsts.log`).catch(() => undefined);
  let writing: Promise<unknown> = Promise.resolve();
  let logging: Promise<unknown> | undefined;

  const record: EventRecord = {
    emit(body: EventBody) {
      const event: BootwrightEvent = { at: now().toISOString(), uptime: uptimeSeconds(), ...mask.event(body) };
      const line = `${JSON.stringify(event)}\n`;
      port?.write(line);
      writing = writing.then(() => events?.write(line)).catch(() => undefined);
      const entry = logRecord(event);
      if (entry !== undefined) logging = log?.write(entry).catch(() => undefined);
      for (const listener of listeners) listener(event);
    },
    listen: (listener) => void listeners.push(listener),
    async flush() {
      await Promise.all([writing, logging]);
      await events?.sync().catch(() => undefined);
    },
    async drain() {
      await record.flush();
      await port?.flush(2000);
    },
  };
  return record;
}
