import { dirname } from 'node:path';
import { copyFile, exists, freeBytes, hashFile, mkdir, readText, sizeOf } from '../host/files.ts';
import { BootwrightError } from '../model/error.ts';
import type { ManifestFile } from '../model/medium.ts';
import type { ContentItem } from '../model/policy.ts';
import { formatBytes } from '../model/quantity.ts';
import { type VolumeList, volumeListPath } from '../model/volumes.ts';
import { checkFile } from '../trust/manifest.ts';
import { memoryFolder } from './content.ts';
import type { AgentContext } from './context.ts';
import { checkSmall, type Medium } from './medium.ts';
import { stateFolder } from './paths.ts';
import { verificationPage } from './verification.ts';
import { machineDrives, startDevice, type VolumeDrives } from './volume-drives.ts';
import { volumePage, wrongDisc } from './volume-page.ts';

interface Volume {
  readonly number: number;
  readonly label: string;
  readonly files: readonly ManifestFile[];
}

interface Inserted {
  readonly device: string;
  readonly folder: string;
  /** Paths whose bytes were compared since it was inserted. */
  readonly checked: Set<string>;
}

/**
 * The discs of a medium that did not fit one. What is on them is known before they are seen: the first one's signed
 * manifest vouches for the list. A disc that was out of the drive may be another one now, so nothing is used that
 * was not compared since it was inserted.
 */
export class Volumes {
  readonly #context: AgentContext;
  readonly #mediumId: string;
  readonly #volumes: readonly Volume[];
  readonly #drives: VolumeDrives;
  readonly #inserted: Map<number, Inserted>;

  constructor(
    context: AgentContext,
    medium: Medium,
    volumes: readonly Volume[],
    first: Inserted,
    drives: VolumeDrives,
  ) {
    this.#context = context;
    this.#mediumId = medium.facts.id;
    this.#volumes = volumes;
    this.#drives = drives;
    this.#inserted = new Map([[1, first]]);
  }

  get count(): number {
    return this.#volumes.length;
  }

  /** The first volume was compared as every medium is. */
  firstWasChecked(): void {
    const { checked } = this.#inserted.get(1) ?? {};
    for (const { path } of this.#volume(1).files) checked?.add(path);
  }

  /** Asks for every further volume once and compares all of it. @throws BW-TRUST-012, -013, BW-AGENT-002, -153 */
  async checkAll(): Promise<void> {
    for (const volume of this.#volumes.slice(1)) {
      const inserted = await this.#insert(volume);
      await this.#check(volume, inserted, volume.files);
      const bytes = volume.files.reduce((sum, { size }) => sum + size, 0);
      this.#context.emit({ type: 'verify.completed', files: volume.files.length, bytes });
    }
  }

  /** A start of this machine goes on where this medium is: its first volume has to be in the drive. */
  async first(): Promise<void> {
    await this.#insert(this.#volume(1));
  }

  /**
   * A folder below which the item's path can be read. What lies on several volumes is gathered first: on the operating system
   * volume once there is one, in memory before.
   *
   * @throws BW-TRUST-012, -013 a volume is not what was signed, BW-AGENT-153 it was not inserted, BW-AGENT-154 no room
   */
  async folderFor(item: ContentItem, root: string | undefined): Promise<string> {
    const prefix = item.file.split('/').slice(0, 3).join('/');
    const holding = this.#volumes
      .map((volume) => ({ volume, files: volume.files.filter(({ path }) => path.startsWith(`${prefix}/`)) }))
      .filter(({ files }) => files.length > 0);
    const [only] = holding;
    if (only === undefined) throw new BootwrightError('BW-AGENT-002', `The content ${item.id} lies on no volume.`);
    if (holding.length === 1) {
      const inserted = await this.#insert(only.volume);
      await this.#check(only.volume, inserted, only.files);
      return inserted.folder;
    }
    const target = root === undefined ? memoryFolder(this.#context.paths) : `${root}/${stateFolder}/Volumes`;
    await this.#gather(item, holding, target);
    return target;
  }

  async #gather(
    item: ContentItem,
    holding: readonly { readonly volume: Volume; readonly files: readonly ManifestFile[] }[],
    target: string,
  ): Promise<void> {
    await mkdir(target, { recursive: true, mode: 0o700 });
    const missing: { volume: Volume; file: ManifestFile }[] = [];
    for (const { volume, files } of holding)
      for (const file of files) if (!(await holds(`${target}/${file.path}`, file))) missing.push({ volume, file });
    const needed = missing.reduce((sum, { file }) => sum + file.size, 0);
    const free = await freeBytes(target);
    if (free < needed)
      throw new BootwrightError(
        'BW-AGENT-154',
        `${item.name} lies on several volumes and takes ${formatBytes(needed)} where ${formatBytes(free)} are free.`,
      );
    for (const { volume, file } of missing) {
      const { folder } = await this.#insert(volume);
      const text = `Copying ${file.path} from volume ${volume.number}`;
      this.#context.emit({ type: 'agent.phase', name: 'content', text });
      await mkdir(dirname(`${target}/${file.path}`), { recursive: true, mode: 0o700 });
      await readable(copyFile(`${folder}/${file.path}`, `${target}/${file.path}`));
      // The copy is what is used, so it is the copy that is compared.
      const sha256 = await hashFile(`${target}/${file.path}`);
      checkFile(file, { size: await sizeOf(`${target}/${file.path}`), sha256 });
    }
  }

  async #check(volume: Volume, { folder, checked }: Inserted, files: readonly ManifestFile[]): Promise<void> {
    const { terminal, emit, clock } = this.#context;
    const wanted = files.filter(({ path }) => !checked.has(path));
    const totalBytes = wanted.reduce((sum, { size }) => sum + size, 0);
    let bytes = 0;
    let reported = 0;
    for (const file of wanted) {
      const path = `${folder}/${file.path}`;
      if (!(await exists(path)))
        throw new BootwrightError('BW-TRUST-012', `${file.path} is missing on volume ${volume.number}.`);
      const size = await readable(sizeOf(path));
      if (size !== file.size) checkFile(file, { size, sha256: '' });
      const sha256 = await readable(
        hashFile(path, (more) => {
          bytes += more;
          const time = clock.now().getTime();
          if (time - reported < 500) return;
          reported = time;
          emit({ type: 'verify.progress', bytes, totalBytes, file: file.path });
          const title = `Checking volume ${volume.number} of ${this.count}`;
          terminal.show({ ...verificationPage(bytes, totalBytes, file.path), title });
        }),
      );
      checkFile(file, { size, sha256 });
      checked.add(file.path);
    }
  }

  /** The volume, mounted; asks for it when it is in no drive. @throws BW-AGENT-153 the person has not got it */
  async #insert(volume: Volume): Promise<Inserted> {
    const there = this.#inserted.get(volume.number) ?? (await this.#look(volume)).found;
    if (there !== undefined) return there;
    // Two drives need no change; with one, what is in it has to give way.
    for (const [number, { device, folder }] of this.#inserted) {
      if (!this.#drives.isOptical(device)) continue;
      await this.#drives.unmount(folder);
      this.#inserted.delete(number);
    }
    return this.#ask(volume);
  }

  async #ask(volume: Volume): Promise<Inserted> {
    const { terminal, emit } = this.#context;
    const prompt = 'volume';
    terminal.discardKeys();
    const show = (note: string): void =>
      terminal.show(volumePage({ ...volume, of: this.count, mediumId: this.#mediumId, note }));
    let note = '';
    show(note);
    emit({
      type: 'prompt.shown',
      prompt,
      text: `Insert volume ${volume.number} of ${this.count}`,
      volume: volume.number,
    });
    for (;;) {
      const { found, refused } = await this.#look(volume);
      if (found !== undefined) {
        emit({ type: 'prompt.answered', prompt, answer: `volume ${volume.number}` });
        return found;
      }
      const said = refused === undefined ? '' : `${refused.message} (${refused.code})`;
      if (said !== note && said !== '') emit({ type: 'log', severity: 'warning', component: 'Volumes', text: said });
      note = said;
      show(note);
      const press = await terminal.press({ milliseconds: 1000 });
      if (press?.kind !== 'text' || press.text.toLowerCase() !== 'n') continue;
      emit({ type: 'prompt.answered', prompt, answer: 'not there' });
      throw new BootwrightError('BW-AGENT-153', `Volume ${volume.number} of ${this.count} was not inserted.`);
    }
  }

  /** Mounts what is in the drives until the wanted one is found; says why the last one was not it. */
  async #look(volume: Volume): Promise<{ readonly found?: Inserted; readonly refused?: BootwrightError }> {
    const { paths } = this.#context;
    let refused: BootwrightError | undefined;
    for (const device of await this.#drives.list()) {
      if ([...this.#inserted.values()].some((inserted) => inserted.device === device)) continue;
      const folder = volume.number === 1 ? paths.medium : `${paths.volumes}/${volume.number}`;
      try {
        await this.#drives.mount(device, folder);
      } catch {
        // Still spinning up, or unreadable: it is looked at again in a second.
        continue;
      }
      refused = await wrongDisc(folder, device, { mediumId: this.#mediumId, number: volume.number });
      if (refused === undefined) {
        const inserted: Inserted = { device, folder, checked: new Set() };
        this.#inserted.set(volume.number, inserted);
        return { found: inserted };
      }
      await this.#drives.unmount(folder);
    }
    return refused === undefined ? {} : { refused };
  }

  #volume(number: number): Volume {
    const found = this.#volumes.find((volume) => volume.number === number);
    if (found === undefined) throw new Error(`there is no volume ${number}`);
    return found;
  }
}

/** The volumes of a medium that was opened; undefined when it is one. @throws BW-AGENT-002, BW-TRUST-011, -013 */
export async function openVolumes(
  context: AgentContext,
  medium: Medium,
  drives: VolumeDrives = machineDrives,
): Promise<Volumes | undefined> {
  const { folder, facts, manifest } = medium;
  if (!manifest.files.some(({ path }) => path === volumeListPath)) return undefined;
  await checkSmall(manifest, folder, volumeListPath);
  const list = JSON.parse(await readable(readText(`${folder}/${volumeListPath}`))) as VolumeList;
  const first: Volume = { number: 1, label: facts.label, files: manifest.files };
  const inserted: Inserted = { device: await startDevice(context.paths.source), folder, checked: new Set() };
  return new Volumes(context, medium, [first, ...list.volumes], inserted, drives);
}

async function holds(path: string, { size, sha256 }: ManifestFile): Promise<boolean> {
  return (await exists(path)) && (await sizeOf(path)) === size && (await hashFile(path)) === sha256;
}

async function readable<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (cause) {
    if (cause instanceof BootwrightError && cause.code !== 'BW-HOST-007') throw cause;
    throw new BootwrightError('BW-AGENT-002', `The volume cannot be read: ${(cause as Error).message}`, { cause });
  }
}
