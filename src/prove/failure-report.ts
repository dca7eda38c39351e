import { join } from 'node:path';
import { writeAtomically } from '../host/files.ts';
import { BootwrightError } from '../model/error.ts';
import type { Progress } from '../model/progress.ts';
import type { BenchMachine } from './bench.ts';
import { Ext4Image, inspectDiskImage } from './disk-image.ts';
import { guestNames } from './qemu-arguments.ts';

export interface FailurePlace {
  readonly bench: BenchMachine;
  readonly folder: string;
  readonly screenshot: string;
  readonly signal: AbortSignal | undefined;
}

const tailLines = 12;
const longestLine = 160;

/** Collects what a person needs to understand a failure, tells it, and returns the error with the places in it. */
export async function reportFailure(cause: unknown, place: FailurePlace, progress: Progress): Promise<BootwrightError> {
  const { bench, folder, screenshot } = place;
  if (place.signal?.aborted === true) {
    return new BootwrightError('BW-HOST-006', `The proof was interrupted. The machine's folder is ${folder}.`, {
      cause,
    });
  }
  const screen = await bench.guest.screenshot(screenshot).then(
    () => `Last screen: ${screenshot}. `,
    () => '',
  );
  const console = tail(readable(bench.guest.consoleText()));
  if (console !== '') progress.note(`Serial console, last lines:\n${console}`);
  const log = await agentLog(bench, folder);
  if (log !== '') progress.note(`Agent log, last lines:\n${tail(log)}`);
  const error = cause instanceof BootwrightError ? cause : undefined;
  const reason = error?.message ?? (cause instanceof Error ? cause.message : String(cause));
  return new BootwrightError(
    error?.code ?? 'BW-PROVE-007',
    `${reason} ${screen}Console: ${join(folder, guestNames.consoleLog)}. The machine was kept: ${join(folder, 'start.sh')} starts it again.`,
    { cause, ...(error === undefined ? {} : { fix: error.fix }) },
  );
}

/** From the target disk if it got that far, else what came as events. Also left in the machine's folder. */
async function agentLog({ guest, heard }: BenchMachine, folder: string): Promise<string> {
  const log = (await logOnDisk(guest.targetDisk).catch(() => undefined)) ?? logFromEvents(heard.all);
  if (log !== '') await writeAtomically(join(folder, 'smsts.log'), log);
  return log;
}

async function logOnDisk(disk: string): Promise<string | undefined> {
  const { partitions } = await inspectDiskImage(disk);
  for (const partition of partitions.filter(({ fileSystem }) => fileSystem === 'ext4')) {
    const image = new Ext4Image(disk, partition);
    for (const path of ['/_SMSTaskSequence/Logs/Smstslog/smsts.log', '/var/log/bootwright/smsts.log']) {
      const text = await image.read(path);
      if (text !== undefined && text !== '') return text;
    }
  }
  return undefined;
}

function logFromEvents(events: BenchMachine['heard']['all']): string {
  return events.flatMap(({ event }) => (event.type === 'log' ? [`${event.severity}: ${event.text}\n`] : [])).join('');
}

/** Console output without what moves the cursor. */
function readable(text: string): string {
  return text
    .replaceAll(/\u001B\[[0-9;?=]*[A-Za-z]/g, '')
    .replaceAll('\r', '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .join('\n');
}

function tail(text: string): string {
  return text
    .trimEnd()
    .split('\n')
    .slice(-tailLines)
    .map((line) => `  ${line.slice(0, longestLine)}`)
    .join('\n');
}
