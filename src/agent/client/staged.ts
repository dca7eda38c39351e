import { dirname } from 'node:path';
import { readGrubEnvironment, writeGrubEnvironment } from '../../formats/grub-environment.ts';
import { exists, readBytes, readText, rm, rmdir, writeAtomically } from '../../host/files.ts';
import { syncFileSystem } from '../../host/power.ts';
import { BootwrightError } from '../../model/error.ts';
import { clientPlaces } from './places.ts';

/** A boot image that lies on this disk, to be started once. */
export interface StagedBoot {
  readonly mark: string;
  /** Holds kernel, initramfs and root. */
  readonly folder: string;
  /** Where `grub.cfg` lies. */
  readonly grub: string;
}

export const stagedEntry = 'bootwright-once';
const begin = '# Bootwright, for one start: begin';
const end = '# Bootwright, for one start: end';

export async function readStaged(root = '/'): Promise<StagedBoot | undefined> {
  const text = await readText(`${clientPlaces(root).state}/staged.json`).catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as StagedBoot);
}

/** Writes down what was staged, and puts its entry into GRUB's menu; nothing starts it yet. */
export async function keepStaged(staged: StagedBoot, entry: string, root = '/'): Promise<void> {
  await writeAtomically(`${clientPlaces(root).state}/staged.json`, JSON.stringify(staged), 0o600);
  const file = `${staged.grub}/custom.cfg`;
  await writeAtomically(file, `${withoutEntry(await textOf(file))}${begin}\n${entry}${end}\n`);
}

/**
 * The next start is that of the staged boot image; the one after it is the disk's own again, because GRUB forgets the
 * choice before it acts on it. @throws BW-AGENT-053 nothing is staged, BW-AGENT-052 GRUB cannot be told
 */
export async function startStaged(root: string, mark: string): Promise<void> {
  const staged = await readStaged(root);
  // A system that a medium deployed has no client: its boot environment is on that medium.
  if (staged === undefined && !(await exists(clientPlaces(root).folder))) return;
  if (staged === undefined || staged.mark !== mark)
    throw new BootwrightError(
      'BW-AGENT-053',
      'The sequence wants the boot environment, and no step or restart in it said so beforehand: it was not staged.',
    );
  await choose(staged.grub, stagedEntry);
  await syncFileSystem(staged.grub);
}

/** Removes what was staged, whether it was started or not. */
export async function unstage(root = '/'): Promise<void> {
  const staged = await readStaged(root);
  if (staged === undefined) return;
  await choose(staged.grub, undefined).catch(() => undefined);
  const file = `${staged.grub}/custom.cfg`;
  const rest = withoutEntry(await textOf(file));
  if (rest === '') await rm(file, { force: true });
  else await writeAtomically(file, rest);
  await rm(staged.folder, { recursive: true, force: true });
  // Ours only while a run lies there.
  await rmdir(dirname(staged.folder)).catch(() => undefined);
  await rm(`${clientPlaces(root).state}/staged.json`, { force: true });
}

async function choose(grub: string, entry: string | undefined): Promise<void> {
  const file = `${grub}/grubenv`;
  const values = new Map(readGrubEnvironment(await readBytes(file).catch(() => new Uint8Array())));
  if (entry === undefined && !values.get('next_entry')) return;
  if (entry === undefined) values.delete('next_entry');
  else values.set('next_entry', entry);
  try {
    await writeAtomically(file, writeGrubEnvironment(values));
  } catch (cause) {
    throw new BootwrightError('BW-AGENT-052', `${file} cannot be written: ${(cause as Error).message}.`, { cause });
  }
}

function withoutEntry(text: string): string {
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  return from < 0 || to < from ? text : text.slice(0, from) + text.slice(to + end.length + 1);
}

async function textOf(file: string): Promise<string> {
  return (await exists(file)) ? readText(file) : '';
}
