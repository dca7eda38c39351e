import { monotonicMilliseconds } from '../host/clock.ts';
import { BootwrightError } from '../model/error.ts';
import type { Offer } from '../model/protocol.ts';
import type { MissingContent } from '../site/compile-content.ts';
import type { ContentSource } from './interfaces.ts';
import type { ServedSequence } from './policy/served.ts';

/** How soon a run that waits for content may ask again. */
const retrySeconds = 60;

/** Content a sequence needs is not there. With `retryAfterSeconds` the machine waits for it. */
export class MissingForRun extends BootwrightError {
  readonly missing: readonly MissingContent[];
  readonly retryAfterSeconds: number | undefined;

  constructor(sequence: string, missing: readonly MissingContent[], retryAfterSeconds: number | undefined) {
    const named = missing.map(({ step, message }) => `"${step}": ${message}`).join(' ');
    super('BW-SERVER-040', `${sequence} cannot start, content is missing for ${missing.length} of its steps. ${named}`);
    this.missing = missing;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** A whole class room asks at once; what was there a second ago is there, or its machines find out themselves. */
const goodFor = 1000;
const looked = new WeakMap<
  ServedSequence,
  { readonly at: number; readonly found: Promise<readonly MissingContent[]> }
>();

function missingContent(served: ServedSequence, content: ContentSource): Promise<readonly MissingContent[]> {
  const at = monotonicMilliseconds();
  const last = looked.get(served);
  if (last !== undefined && at - last.at < goodFor) return last.found;
  const found = lookFor(served, content);
  looked.set(served, { at, found });
  return found;
}

/** What steps of a sequence want and the server does not have, whole, now. */
async function lookFor(
  { policy, missing, wantedBy }: ServedSequence,
  content: ContentSource,
): Promise<readonly MissingContent[]> {
  const found: MissingContent[] = [...missing];
  for (const { id, sha256 } of policy.content) {
    const absent = await content.absent(sha256);
    if (absent === 0) continue;
    const message = `${absent === 1 ? 'A file' : `${absent} files`} of ${id} ${absent === 1 ? 'is' : 'are'} missing or damaged.`;
    const steps = wantedBy.get(id.toLowerCase()) ?? [];
    found.push(...(steps.length === 0 ? [id] : steps).map((step) => ({ id, step, message })));
  }
  return found;
}

/**
 * Before a run starts: what is available fails now, because somebody is waiting; what is required waits until its deadline.
 *
 * @throws MissingForRun (BW-SERVER-040)
 */
export async function preflight(
  served: ServedSequence,
  { purpose, deadline }: Pick<Offer, 'purpose' | 'deadline'>,
  content: ContentSource,
  at: Date,
): Promise<void> {
  const missing = await missingContent(served, content);
  if (missing.length === 0) return;
  const waits = purpose === 'required' && (deadline === undefined || at < new Date(deadline));
  throw new MissingForRun(served.id, missing, waits ? retrySeconds : undefined);
}
