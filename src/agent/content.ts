import { join } from 'node:path';
import type { ContentKey } from '../content/content-key.ts';
import { isSingleFile } from '../content/file-list.ts';
import { contentNeeds } from '../engine/plan.ts';
import { exists, listFiles, mkdir, readStream } from '../host/files.ts';
import { BootwrightError } from '../model/error.ts';
import { type ContentItem, findItem, type Policy } from '../model/policy.ts';
import type { AgentContext } from './context.ts';
import { keyOf, writeDecrypted } from './decrypted-file.ts';
import { type AgentPaths, stateFolder } from './paths.ts';

export type PlacedContent = ContentItem & { readonly path: string };

/** Where a run in the boot environment gets its content from: a medium, or servers. */
export interface ContentSource {
  /** A content object at a place where steps can read it. `root`: of the operating system volume, once there is one. */
  locate(id: string, root: string | undefined): Promise<PlacedContent>;
  /** Copies what steps need in the deployed system to its volume. */
  cache(root: string): Promise<void>;
  /** Called before the boot environment is started again: what the machine starts from has to be there. */
  ready?(): Promise<void>;
}

/** Below which folder an item's path can be read. */
export type PlaceOfContent = (item: ContentItem, root: string | undefined) => Promise<string>;

/** Content as it lies on the medium; what is confidential is decrypted first, on the volume or in memory. */
export function mediumContent(context: AgentContext, policy: Policy, placeOf: PlaceOfContent): ContentSource {
  const decrypted = new Set<string>();
  const place = async (id: string, root: string | undefined): Promise<PlacedContent> => {
    const item = itemOf(policy, id);
    const key = keyOf(policy, item);
    if (key === undefined) return { ...item, path: join(await placeOf(item, root), item.file) };
    const inMemory = memoryPath(context.paths, item);
    const path = root === undefined || decrypted.has(inMemory) ? inMemory : cachePath(root, item);
    // A step may have formatted the volume meanwhile.
    if (decrypted.has(path) && (await exists(path))) return { ...item, path };
    context.emit({ type: 'agent.phase', name: 'content', text: `Decrypting ${item.name}` });
    await decryptFromMedium(join(await placeOf(item, root), item.file), path, item, key);
    decrypted.add(path);
    return { ...item, path };
  };
  return { locate: place, cache: (root) => cacheContent(context, policy, place, root) };
}

async function decryptFromMedium(source: string, target: string, item: ContentItem, key: ContentKey): Promise<void> {
  const { plainTag } = item.confidential ?? {};
  if (isSingleFile(item.kind)) {
    const mode = item.kind === 'script' ? 0o700 : 0o600;
    const tag = plainTag === undefined ? {} : { plainTag };
    return writeDecrypted(readStream(source), { key, path: target, mode, ...tag });
  }
  await mkdir(target, { recursive: true, mode: 0o700 });
  for (const file of await listFiles(source))
    await writeDecrypted(readStream(join(source, file)), { key, path: join(target, file), mode: 0o700 });
}

/** Where a content object lies in the deployed system: in the cache that was filled before the restart. */
export async function contentOnTarget(root: string, policy: Policy, id: string): Promise<PlacedContent> {
  const item = itemOf(policy, id);
  const path = cachePath(root, item);
  if (!(await exists(path)))
    throw new BootwrightError('BW-AGENT-002', `The content ${id} was not copied to this machine before the restart.`);
  return { ...item, path };
}

/** Copies what steps need in the deployed system, where the medium may be gone. */
async function cacheContent(
  { machine, emit }: AgentContext,
  policy: Policy,
  place: ContentSource['locate'],
  root: string,
): Promise<void> {
  for (const item of contentNeeds(policy, 'deployed')) {
    // An image is applied in the boot environment, whatever else the step that names it may be for.
    if (item.kind === 'os-image') continue;
    const target = cachePath(root, item);
    // Decrypting may have been cut off in the middle.
    if (item.confidential === undefined && (await exists(target))) continue;
    emit({ type: 'agent.phase', name: 'cache', text: `Copying ${item.name} for the deployed system` });
    const { path } = await place(item.id, root);
    // An application need not bring files, and a medium has no empty folders.
    if (item.size === 0 && !(await exists(path))) await mkdir(target, { recursive: true, mode: 0o700 });
    else if (path !== target) await machine.copyIn(path, target);
  }
}

/** Where a content object lies in the deployed system's cache. */
export function cachePath(root: string, item: ContentItem): string {
  return join(root, stateFolder, 'Packages', item.id, item.file.split('/').at(-1) ?? item.id);
}

export function memoryFolder({ root }: Pick<AgentPaths, 'root'>): string {
  return join(root, 'run/bootwright/content');
}

/** Where content lies as long as there is no volume for it. */
export function memoryPath(paths: Pick<AgentPaths, 'root'>, item: ContentItem): string {
  return join(memoryFolder(paths), item.id, item.file.split('/').at(-1) ?? item.id);
}

/** @throws BW-AGENT-002 */
export function itemOf(policy: Policy, id: string): ContentItem {
  const item = findItem(policy.content, id);
  if (item !== undefined) return item;
  throw new BootwrightError('BW-AGENT-002', `The content ${id} is not part of this policy.`);
}
