import { join } from 'node:path';
import { contentNeeds } from '../../engine/plan.ts';
import { exists, freeBytes, mkdir, readText, rm } from '../../host/files.ts';
import { BootwrightError } from '../../model/error.ts';
import type { ContentItem, Policy } from '../../model/policy.ts';
import { formatBytes } from '../../model/quantity.ts';
import { type ContentSource, cachePath, itemOf, type PlacedContent } from '../content.ts';
import type { AgentContext } from '../context.ts';
import { type ContentToken, download, hasContent } from './download.ts';
import type { Servers } from './servers.ts';

export interface OnlineContentOptions {
  readonly context: AgentContext;
  readonly policy: Policy;
  readonly servers: Servers;
  readonly token: ContentToken;
}

/** Content of a policy, fetched from the servers when a step asks for it, each object once. */
export class OnlineContent implements ContentSource {
  readonly #options: OnlineContentOptions;
  /** Checked in this start of the machine, by path. */
  readonly #checked = new Set<string>();

  constructor(options: OnlineContentOptions) {
    this.#options = options;
  }

  /** On the operating system volume once there is one, before that in memory. @throws BW-AGENT-040, -041 */
  async locate(id: string, root: string | undefined): Promise<PlacedContent> {
    const item = itemOf(this.#options.policy, id);
    const inMemory = this.#placeInMemory(item);
    const path = root === undefined || this.#checked.has(inMemory) ? inMemory : cachePath(root, item);
    await this.#bring(item, path);
    return { ...item, path };
  }

  async cache(root: string): Promise<void> {
    const { policy } = this.#options;
    for (const id of contentNeeds(policy.sequence, 'deployed')) {
      const item = itemOf(policy, id);
      // An image is applied in the boot environment, whatever else the step that names it may be for.
      if (item.kind !== 'os-image') await this.#bring(item, cachePath(root, item));
    }
  }

  #placeInMemory(item: ContentItem): string {
    const { paths } = this.#options.context;
    return join(paths.root, 'run/bootwright/content', item.id, item.file.split('/').at(-1) ?? item.id);
  }

  async #bring(item: ContentItem, path: string): Promise<void> {
    // A step may have formatted the volume meanwhile.
    if (this.#checked.has(path) && (await exists(path))) return;
    const { emit } = this.#options.context;
    emit({ type: 'agent.phase', name: 'content', text: `Fetching ${item.name} (${formatBytes(item.size)})` });
    const isInMemory = path === this.#placeInMemory(item);
    await this.#checkRoom(item, path, isInMemory);
    const report = this.#progress(item);
    if (item.kind === 'os-image') await this.#fetch(item.sha256, path, report);
    else await this.#fetchPackage(item, path, report);
    this.#checked.add(path);
  }

  async #fetch(sha256: string, path: string, onBytes: (bytes: number) => void, mode = 0o600): Promise<void> {
    if (await hasContent(path, sha256)) return;
    const { context, servers, token } = this.#options;
    const warn = (text: string): void => context.emit({ type: 'log', severity: 'warning', component: 'Content', text });
    await download({ servers, token, clock: context.clock, sha256, path, mode, onBytes, warn });
  }

  /** The hash of a package is that of the list of its files, as `sha256sum` prints it. */
  async #fetchPackage(item: ContentItem, path: string, onBytes: (bytes: number) => void): Promise<void> {
    const list = `${path}.sha256`;
    await this.#fetch(item.sha256, list, () => undefined);
    await mkdir(path, { recursive: true, mode: 0o700 });
    // The list says nothing about modes; programs of a package are called by their names.
    for (const { sha256, name } of parseFileList(await readText(list), item.id))
      await this.#fetch(sha256, join(path, name), onBytes, 0o700);
  }

  /** A whole image in memory would end the machine: it has to be partitioned first. */
  async #checkRoom(item: ContentItem, path: string, isInMemory: boolean): Promise<void> {
    const folder = path.slice(0, path.lastIndexOf('/'));
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const free = await freeBytes(folder);
    const room = isInMemory ? Math.min(free, (await availableMemory()) / 2) : free;
    if (item.size <= room) return;
    await rm(folder, { recursive: true, force: true });
    throw new BootwrightError(
      'BW-AGENT-041',
      `${item.name} has ${formatBytes(item.size)}, and there is room for ${formatBytes(room)} ${isInMemory ? 'in memory' : 'on the disk'}.`,
    );
  }

  #progress(item: ContentItem): (bytes: number) => void {
    const { clock, emit } = this.#options.context;
    let done = 0;
    let reported = clock.now().getTime();
    return (bytes) => {
      done += bytes;
      const time = clock.now().getTime();
      if (time - reported < 1000) return;
      reported = time;
      emit({ type: 'verify.progress', bytes: done, totalBytes: item.size, file: item.name });
    };
  }
}

async function availableMemory(): Promise<number> {
  const text = await readText('/proc/meminfo').catch(() => '');
  return Number(/^MemAvailable:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024;
}

/** Reads `<sha256>  <path>` lines. @throws BW-AGENT-040 for paths that lead elsewhere */
export function parseFileList(text: string, id: string): { readonly sha256: string; readonly name: string }[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, sha256 = '', name = ''] = /^([0-9a-f]{64}) {2}(.+)$/.exec(line) ?? [];
      if (name === '' || name.split('/').some((part) => part === '' || part === '.' || part === '..'))
        throw new BootwrightError('BW-AGENT-040', `The list of files of ${id} has a line that is none.`);
      return { sha256, name };
    });
}
