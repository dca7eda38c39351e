import type { HttpsClient } from '../../host/https-client.ts';
import { BootwrightError } from '../../model/error.ts';
import { type Hello, protocolVersion } from '../../model/protocol.ts';
import type { AgentContext } from '../context.ts';
import { notice } from '../notice.ts';
import { ServerRefusal, type Servers } from './servers.ts';

/** A clock that is off by less is right enough for every date we compare. */
const tolerance = 120_000;
const noticeSeconds = 5;

/**
 * Asks the server who it is and what time it is. The clock is set when it is off; from then on dates count.
 *
 * @throws BW-AGENT-034, BW-AGENT-035, BW-AGENT-038 not even this is understood
 */
export async function greet(
  context: AgentContext,
  servers: Servers,
  client: HttpsClient,
  { setClock, isAttended }: { readonly setClock: (date: Date) => Promise<void>; readonly isAttended: boolean },
): Promise<Hello> {
  const hello = (await servers.json({ method: 'GET', path: '/v1/hello', silenceMilliseconds: 15_000 })) as Hello;
  if (hello.format !== 'bootwright-hello/1') throw olderAgent(hello.lowest);
  const time = Date.parse(hello.time);
  const off = time - context.clock.now().getTime();
  if (Number.isFinite(off) && Math.abs(off) > tolerance) {
    const believed = context.clock.now().toISOString();
    const set = await setClock(new Date(time)).then(
      () => `The clock was set from ${believed} to ${hello.time}, the time of the server.`,
      (error: Error) => {
        log(context, 'warning', `The clock is off and could not be set: ${error.message}`);
        return undefined;
      },
    );
    if (set !== undefined) {
      log(context, 'info', set);
      // The battery of the board is empty, or somebody else's server says what time it is: worth seeing.
      if (isAttended) await notice(context, 'warning', 'The clock of this machine was wrong', set, noticeSeconds);
    }
  }
  client.checkDates(() => context.clock.now());
  return hello;
}

/** @throws BW-AGENT-038 */
export function checkVersions({ lowest, highest }: Pick<Hello, 'lowest' | 'highest'>): void {
  if (lowest > protocolVersion) throw olderAgent(lowest);
  if (highest < protocolVersion)
    throw new BootwrightError(
      'BW-AGENT-038',
      `The server is older than this boot image: it speaks the protocol up to version ${highest}, this machine ${protocolVersion}.`,
      { fix: 'Update Bootwright on the server, or start this machine from an older boot image.' },
    );
}

/** The same said by the server itself, when it no longer takes our requests. */
export function versionRefusal(error: unknown): unknown {
  if (!(error instanceof ServerRefusal && error.status === 426)) return error;
  const { lowest = 0, highest = 0 } = error.said;
  return highest < protocolVersion && highest > 0
    ? new BootwrightError('BW-AGENT-038', `The server is older than this boot image: ${error.message}`)
    : olderAgent(lowest);
}

function olderAgent(lowest: number): BootwrightError {
  return new BootwrightError(
    'BW-AGENT-038',
    `This boot image is older than the server: it speaks version ${protocolVersion} of the protocol, the server from ${lowest} on.`,
  );
}

function log({ emit }: AgentContext, severity: 'info' | 'warning', text: string): void {
  emit({ type: 'log', severity, component: 'Agent', text });
}
