import { createHash } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { appendFile, exists, readText, rename, rm, stat, syncFolder, writeAtomically } from '../host/files.ts';
import { packageVersion } from '../host/package.ts';
import { bootId, isRunning, processId } from '../host/process-id.ts';
import { BootwrightError } from '../model/error.ts';
import { type Layout, layoutFileSize } from '../model/layout.ts';

/** What a build has written so far, beside the output: the same build goes on with it. */
export interface PartialFile {
  readonly path: string;
  /** What is in it and need not be written again, as the writer named it. */
  readonly done: ReadonlySet<string>;
  /** Whether an earlier build began it. */
  readonly continues: boolean;
  mark(name: string): Promise<void>;
  /** What is there is of no use. */
  startAnew(): Promise<void>;
  /** The output appears under its name. */
  finish(): Promise<void>;
  /**
   * What to throw when the work ended early. Only an interruption leaves the part: after anything else its bytes are in
   * doubt, or in the way.
   */
  fail(error: unknown, signal: AbortSignal | undefined): Promise<unknown>;
}

const format = 'bootwright-partial/1';

interface Journal {
  readonly format: typeof format;
  /** Of everything the bytes depend on. */
  readonly key: string;
  /** Of this start of the machine: after a power cut nobody knows what of the part had reached the disk. */
  readonly boot: string;
  readonly process: number;
}

export function partPath(output: string): string {
  return `${output}.part`;
}

/**
 * Opens the part of an output, or begins one. One that another medium, another start of the machine or another version
 * left is begun anew.
 *
 * @throws BW-MEDIA-154 it is nothing of ours, or another build is writing it
 */
export async function openPartial(output: string, key: string): Promise<PartialFile> {
  const path = partPath(output);
  const journal = `${path}.journal`;
  const found = await readJournal(journal);
  if (found === undefined && (await exists(path)))
    throw new BootwrightError('BW-MEDIA-154', `${path} exists, and no build of ours left it: nothing was written.`);
  if (found !== undefined && found.head.process !== processId() && isRunning(found.head.process))
    throw new BootwrightError('BW-MEDIA-154', `${output} is being written by process ${found.head.process}.`);
  const boot = await bootId();
  const continues = found?.head.key === key && found.head.boot === boot && (await exists(path));
  const done = new Set(continues ? found?.done : []);
  if (!continues) await rm(path, { force: true });
  const head: Journal = { format, key, boot, process: processId() };
  const writeJournal = async (): Promise<void> => {
    const lines = [head, ...[...done].map((name) => ({ done: name }))];
    await writeAtomically(journal, lines.map((line) => `${JSON.stringify(line)}\n`).join('')).catch(
      (error: unknown) => {
        throw withoutRoom(error, output);
      },
    );
  };
  await writeJournal();
  const remove = async (): Promise<void> => {
    await rm(path, { force: true });
    await rm(journal, { force: true });
  };
  return {
    ...{ path, done, continues },
    mark: async (name) => {
      done.add(name);
      await appendFile(journal, `${JSON.stringify({ done: name })}\n`);
    },
    startAnew: async () => {
      done.clear();
      await writeJournal();
      await rm(path, { force: true });
    },
    finish: async () => {
      await rename(path, output);
      await syncFolder(dirname(resolve(output)));
      await rm(journal, { force: true });
    },
    fail: async (error, signal) => {
      if (signal?.aborted !== true) {
        await remove();
        return withoutRoom(error, output);
      }
      const text = `Interrupted: ${output} was not written.`;
      if (!(await exists(path))) {
        await remove();
        return new BootwrightError('BW-HOST-006', text, { cause: error });
      }
      const fix = `The same command goes on with ${path}. Whoever does not want it removes that file and its journal.`;
      return new BootwrightError('BW-HOST-006', text, { cause: error, fix });
    },
  };
}

function withoutRoom(cause: unknown, output: string): unknown {
  if ((cause as NodeJS.ErrnoException).code !== 'ENOSPC') return cause;
  const text = `${dirname(resolve(output))} has no room for ${output}; nothing was left there.`;
  return new BootwrightError('BW-HOST-004', text, { cause });
}

/** Bytes a part has on the disk already: they are needed no second time. */
export async function partBytes(output: string): Promise<number> {
  const facts = await stat(partPath(output)).catch(() => undefined);
  return (facts?.blocks ?? 0) * 512;
}

/** Two builds with one key write the same bytes, up to what is sealed. `facts`: of the sources, as `sourceFacts` gives them. */
export function partKey(draft: Layout, facts: ReadonlyMap<string, string>): string {
  const { label, epoch, seed, files } = draft;
  const listed = files.map((file) => [
    ...[file.path, layoutFileSize(file)],
    'bytes' in file ? createHash('sha256').update(file.bytes).digest('hex') : [file.source, facts.get(file.path)],
  ]);
  const whole = [packageVersion(), label, epoch, seed, listed];
  return createHash('sha256').update(JSON.stringify(whole)).digest('hex');
}

async function readJournal(file: string): Promise<{ head: Journal; done: string[] } | undefined> {
  try {
    // The last line may be half a one.
    const [first = '', ...rest] = (await readText(file)).split('\n').slice(0, -1);
    const head = JSON.parse(first) as Journal;
    const done = rest.map((line) => (JSON.parse(line) as { done: string }).done);
    return head.format === format ? { head, done } : undefined;
  } catch {
    return undefined;
  }
}
