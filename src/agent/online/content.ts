import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { isSingleFile, type ListedFile, parseFileList } from '../../content/file-list.ts';
import { contentNeeds } from '../../engine/plan.ts';
import { exists, freeBytes, mkdir, readStream, rm } from '../../host/files.ts';
import { BootwrightError } from '../../model/error.ts';
import { type ContentItem, findItem, type Policy } from '../../model/policy.ts';
import { formatBytes } from '../../model/quantity.ts';
import { type ContentSource, cachePath, itemOf, memoryPath, type PlacedContent } from '../content.ts';
import type { AgentContext } from '../context.ts';
import { hasDecrypted, keyOf, writeDecrypted } from '../decrypted-file.ts';
import { availableMemory } from '../memory.ts';
import { ContentServers, type ContentToken, discard } from './content-servers.ts';
import { download, downloadBytes, downloadDecrypted, hasContent } from './download.ts';
import type { TypedNetwork } from './network-page.ts';
import type { PrestagedContent } from './prestaged-content.ts';
import type { Servers } from './servers.ts';

export interface OnlineContentOptions {
  readonly context: AgentContext;
  readonly policy: Policy;
  readonly servers: Servers;
  readonly token: ContentToken;
  /** Of the site, PEM. */
  readonly authority?: string;
  /** Also to published folders. */
  readonly network?: TypedNetwork;
  /** What lies on the machine's disk already. */
  readonly prestaged?: PrestagedContent;
}

interface WantedFile extends ListedFile {
  /** On this machine. */
  readonly target: string;
  readonly mode: number;
}

const hashOfNothing = createHash('sha256').digest('hex');
const mostList = 64 * 2 ** 20;

/** Content of a policy, fetched from the servers when a step asks for it, each object once. */
export class OnlineContent implements ContentSource {
  readonly #options: OnlineContentOptions;
  readonly #servers: ContentServers;
  /** Checked in this start of the machine, by path. */
  readonly #checked = new Set<string>();
  readonly #lists = new Map<string, readonly ListedFile[]>();

  constructor(options: OnlineContentOptions) {
    const { context, policy, servers, token, authority, network } = options;
    this.#options = options;
    this.#servers = new ContentServers({
      ...{ servers, token, clock: context.clock, folders: policy.contentServers ?? [] },
      ...(authority === undefined ? {} : { authority }),
      ...(network === undefined ? {} : { proxy: { origin: network.settings.proxy, account: network.account } }),
    });
  }

  /** On the operating system volume once there is one, before that in memory. @throws BW-AGENT-040, -041, -046 */
  async locate(id: string, root: string | undefined): Promise<PlacedContent> {
    const item = itemOf(this.#options.policy, id);
    const here = item.kind === 'os-image' ? this.#ready(item) : undefined;
    if (here !== undefined) return { ...item, path: here };
    const inMemory = this.#placeInMemory(item);
    const path = root === undefined || this.#checked.has(inMemory) ? inMemory : cachePath(root, item);
    await this.#bring(item, path);
    return { ...item, path };
  }

  /** An image is used where it lies: it is read once, and needs no room. */
  #ready(item: ContentItem): string | undefined {
    const path = item.confidential === undefined ? this.#options.prestaged?.find(item.sha256) : undefined;
    if (path !== undefined && !this.#checked.has(path)) {
      this.#checked.add(path);
      const text = `${item.name} lies on the disk (${formatBytes(item.size)})`;
      this.#options.context.emit({ type: 'agent.phase', name: 'content', text });
    }
    return path;
  }

  async cache(root: string): Promise<void> {
    const { policy } = this.#options;
    for (const item of contentNeeds(policy, 'deployed')) {
      // An image is applied in the boot environment, whatever else the step that names it may be for.
      if (item.kind !== 'os-image') await this.#bring(item, cachePath(root, item));
    }
  }

  /** Whether somebody has it now, each server asked once; of a package the list of its files. */
  async isThere(id: string): Promise<boolean> {
    const { policy, context } = this.#options;
    const item = findItem(policy.content, id);
    if (item === undefined) return false;
    if (isSingleFile(item.kind) && this.#options.prestaged?.find(item.sha256) !== undefined) return true;
    if (!isSingleFile(item.kind)) return (await this.#list(item, 0).catch(() => undefined)) !== undefined;
    for (const server of this.#servers.all)
      try {
        const response = await server.get(item.sha256, { range: 'bytes=0-0' });
        await discard(response);
        // 416: it is empty, and there.
        if ([200, 206, 416].includes(response.status)) return true;
      } catch (error) {
        const text = `${server.name}: ${(error as Error).message}`;
        context.emit({ type: 'log', severity: 'warning', component: 'Content', text });
      }
    return false;
  }

  #placeInMemory(item: ContentItem): string {
    return memoryPath(this.#options.context.paths, item);
  }

  async #bring(item: ContentItem, path: string): Promise<void> {
    // A step may have formatted the volume meanwhile.
    if (this.#checked.has(path) && (await exists(path))) return;
    const { emit } = this.#options.context;
    emit({ type: 'agent.phase', name: 'content', text: `Fetching ${item.name} (${formatBytes(item.size)})` });
    await this.#checkRoom(item, path, path === this.#placeInMemory(item));
    const report = this.#progress(item);
    for (const file of await this.#wanted(item, path)) await this.#fetch(item, file, report);
    this.#checked.add(path);
  }

  async #wanted(item: ContentItem, path: string): Promise<readonly WantedFile[]> {
    const { kind, sha256, confidential } = item;
    if (isSingleFile(kind)) {
      const { plainTag } = confidential ?? {};
      const tag = plainTag === undefined ? {} : { plainTag };
      return [{ sha256, path: item.file, target: path, mode: kind === 'script' ? 0o700 : 0o600, ...tag }];
    }
    await mkdir(path, { recursive: true, mode: 0o700 });
    // The list says nothing about modes; programs of a package are called by their names.
    return (await this.#list(item)).map((file) => ({ ...file, target: join(path, file.path), mode: 0o700 }));
  }

  async #fetch(item: ContentItem, file: WantedFile, onBytes: (bytes: number) => void): Promise<void> {
    const { sha256, target, mode, plainTag } = file;
    const request = { ...this.#request(sha256), path: target, mode, onBytes };
    const key = keyOf(this.#options.policy, item);
    const { prestaged } = this.#options;
    if (key === undefined) {
      if (await hasContent(target, sha256)) return;
      if ((await prestaged?.copy(sha256, target, mode)) !== true) await download(request);
      return;
    }
    const plain = { key, ...(plainTag === undefined ? {} : { plainTag }) };
    if (await hasDecrypted({ ...plain, path: target, mode })) return;
    const here = prestaged?.find(sha256);
    if (here === undefined) await downloadDecrypted(request, plain);
    else await writeDecrypted(readStream(here), { ...plain, path: target, mode });
  }

  #request(sha256: string) {
    const { emit, clock } = this.#options.context;
    const warn = (text: string): void => emit({ type: 'log', severity: 'warning', component: 'Content', text });
    return { servers: this.#servers, clock, sha256, warn };
  }

  /** The hash of a package is that of the list of its files. */
  async #list(item: ContentItem, patience?: number): Promise<readonly ListedFile[]> {
    const { id, sha256 } = item;
    // An application need not bring files.
    if (sha256 === hashOfNothing) return [];
    const known = this.#lists.get(sha256);
    if (known !== undefined) return known;
    const here = this.#options.prestaged?.listOf(item);
    if (here !== undefined) return readFileList(here, id);
    const request = { ...this.#request(sha256), ...(patience === undefined ? {} : { patience }) };
    const list = readFileList(new TextDecoder().decode(await downloadBytes(request, mostList)), id);
    this.#lists.set(sha256, list);
    return list;
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

/** @throws BW-AGENT-040 for lines that are none, and paths that lead elsewhere */
export function readFileList(text: string, id: string): readonly ListedFile[] {
  return parseFileList(text, () => {
    throw new BootwrightError('BW-AGENT-040', `The list of files of ${id} has a line that is none.`);
  });
}
