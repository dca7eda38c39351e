import { planSequence } from '../../engine/plan.ts';
import { BootwrightError } from '../../model/error.ts';
import type { Policy } from '../../model/policy.ts';
import type { Offer } from '../../model/protocol.ts';
import type { AgentContext } from '../context.ts';
import { gap, text } from '../page.ts';
import type { OnlineContent } from './content.ts';
import { ServerRefusal } from './servers.ts';

/** What a step wants and nobody has. */
interface Missing {
  readonly id: string;
  readonly step: string;
}

const pauseSeconds = 60;

/**
 * Looks before a run starts whether somebody has what its steps want: an available sequence fails now, because somebody is
 * waiting; a required one waits until its deadline.
 *
 * @throws BW-AGENT-045 names everything that is missing, with the steps
 */
export async function preflight(
  context: AgentContext,
  policy: Policy,
  content: Pick<OnlineContent, 'isThere'>,
  offer: Pick<Offer, 'purpose' | 'deadline'>,
): Promise<void> {
  for (;;) {
    const missing = await missingNow(policy, content);
    if (missing.length === 0) return;
    const { purpose, deadline } = offer;
    const waits = purpose === 'required' && (deadline === undefined || context.clock.now() < new Date(deadline));
    if (!waits) throw missingContent(missing);
    await showWaiting(context, missing, pauseSeconds);
  }
}

/** A server that lacks content grants no policy: waits for as long as it says that waiting helps. @throws BW-AGENT-045 */
export async function whileContentIsMissing<T>(context: AgentContext, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ServerRefusal) || String(error.said.code) !== 'BW-SERVER-040') throw error;
      const missing = readMissing(error.said.missing);
      const { retryAfterSeconds } = error.said;
      if (typeof retryAfterSeconds !== 'number') throw missingContent(missing);
      await showWaiting(context, missing, Math.min(Math.max(retryAfterSeconds, 1), 3600));
    }
  }
}

async function missingNow(policy: Policy, content: Pick<OnlineContent, 'isThere'>): Promise<readonly Missing[]> {
  const found = new Map<string, boolean>();
  const missing: Missing[] = [];
  for (const { name, needs } of planSequence(policy.sequence).steps)
    for (const { id } of needs.content ?? []) {
      const isThere = found.get(id) ?? (await content.isThere(id));
      found.set(id, isThere);
      if (!isThere) missing.push({ id, step: name });
    }
  return missing;
}

function missingContent(missing: readonly Missing[]): BootwrightError {
  return new BootwrightError('BW-AGENT-045', `No server has what the sequence needs: ${lines(missing).join(', ')}.`);
}

function lines(missing: readonly Missing[]): readonly string[] {
  return missing.map(({ id, step }) => `${id} (step "${step}")`);
}

/** What a server says is not signed: only words are taken from it. */
function readMissing(said: unknown): readonly Missing[] {
  return (Array.isArray(said) ? said : [])
    .slice(0, 100)
    .map((entry: Partial<Record<keyof Missing, unknown>> | null) => ({
      id: String(entry?.id ?? '').slice(0, 100),
      step: String(entry?.step ?? '').slice(0, 200),
    }));
}

async function showWaiting(context: AgentContext, missing: readonly Missing[], seconds: number): Promise<void> {
  const { terminal, emit, clock } = context;
  const told = `Content is missing, the sequence waits for it: ${lines(missing).join(', ')}`;
  emit({ type: 'log', severity: 'warning', component: 'Content', text: told });
  for (let left = Math.ceil(seconds); left > 0; left -= 1) {
    terminal.show({
      id: 'content-missing',
      title: 'Waiting for content',
      tone: 'warning',
      blocks: [
        text('No server has what these steps need:'),
        { kind: 'list', items: lines(missing) },
        gap,
        { kind: 'live', text: `The next look is in ${left} s.` },
      ],
      keys: [],
    });
    await clock.sleep(1000);
  }
}
