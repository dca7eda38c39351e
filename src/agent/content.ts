import { join } from 'node:path';
import { contentNeeds } from '../engine/plan.ts';
import { exists } from '../host/files.ts';
import { BootwrightError } from '../model/error.ts';
import type { ContentItem, Policy } from '../model/policy.ts';
import type { AgentContext } from './context.ts';
import { stateFolder } from './paths.ts';

export type PlacedContent = ContentItem & { readonly path: string };

/** Where a run in the boot environment gets its content from: a medium, or servers. */
export interface ContentSource {
  /** A content object at a place where steps can read it. `root`: of the operating system volume, once there is one. */
  locate(id: string, root: string | undefined): Promise<PlacedContent>;
  /** Copies what steps need in the deployed system to its volume. */
  cache(root: string): Promise<void>;
}

/** Content as it lies on the medium. */
export function mediumContent(context: AgentContext, policy: Policy, folder: string): ContentSource {
  return {
    locate: async (id) => contentOnMedium(folder, policy, id),
    cache: (root) => cacheContent(context, policy, folder, root),
  };
}

/** Where a content object lies on the medium. @throws BW-AGENT-002 */
function contentOnMedium(folder: string, policy: Policy, id: string): PlacedContent {
  const item = itemOf(policy, id);
  return { ...item, path: join(folder, item.file) };
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
  medium: string,
  root: string,
): Promise<void> {
  for (const id of contentNeeds(policy.sequence, 'deployed')) {
    const { path, ...item } = contentOnMedium(medium, policy, id);
    // An image is applied in the boot environment, whatever else the step that names it may be for.
    if (item.kind === 'os-image') continue;
    const target = cachePath(root, item);
    if (await exists(target)) continue;
    emit({ type: 'agent.phase', name: 'cache', text: `Copying ${item.name} for the deployed system` });
    await machine.copyIn(path, target);
  }
}

/** Where a content object lies in the deployed system's cache. */
export function cachePath(root: string, item: ContentItem): string {
  return join(root, stateFolder, 'Packages', item.id, item.file.split('/').at(-1) ?? item.id);
}

/** @throws BW-AGENT-002 */
export function itemOf(policy: Policy, id: string): ContentItem {
  const item = policy.content.find((content) => content.id.toLowerCase() === id.toLowerCase());
  if (item !== undefined) return item;
  throw new BootwrightError('BW-AGENT-002', `The content ${id} is not part of this policy.`);
}
