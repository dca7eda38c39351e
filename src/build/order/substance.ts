import type { CompiledContent } from '../../site/compiled-content.ts';
import type { Hashes } from '../hashes.ts';
import type { MediumPlan, PlannedContent } from './plan.ts';

/** What a medium of one kind is to hold, before it has an identity and a boot image. */
export interface MediumSubstance {
  /** Good for lengths: what is only made once the medium is wanted may still be stood in for. */
  readonly brings: Brings;
  /** Makes that, and brings all of it. */
  readonly complete: () => Promise<Brings>;
  readonly content: readonly CompiledContent[];
  /** Name of the boot image it asks for. */
  readonly bootImage: string;
  /** What the start menu says when nobody may not know it. */
  readonly title: string;
  readonly unattended: boolean;
  readonly keyboard: string;
  readonly tells: Pick<
    MediumPlan,
    | 'sequence'
    | 'online'
    | 'prestart'
    | 'erases'
    | 'asks'
    | 'validFrom'
    | 'validTo'
    | 'content'
    | 'secrets'
    | 'variables'
    | 'warnings'
  >;
}

/** `reasons`: why an item comes along, by its ID in lower case. */
export function plannedContent(
  content: readonly CompiledContent[],
  reasons: ReadonlyMap<string, readonly string[]> = new Map(),
): PlannedContent[] {
  return content.map(({ item: { id, kind, name, size }, files }) => ({
    ...{ id, kind, name, size, files: files.length },
    unread: files.filter(({ sha256 }) => sha256 === undefined).length,
    because: reasons.get(id.toLowerCase()) ?? [],
  }));
}

/** The sealed part without what ties it to the medium. Its JSON has one length, whatever the hashes are. */
export type Brings = (allowShell: boolean, hashes?: Hashes) => object;
