import { blockNumber } from '../../../src/netboot/tftp/block-number.ts';
import { Transfer } from '../../../src/netboot/tftp/transfer.ts';
import { randomNumbers } from './fuzz.ts';

/**
 * How a client answers blocks it does not expect: once for a gap (most), for every one of them (EDK2), and also for every
 * block it has already (curl, many ROMs).
 */
export type ClientKind = 'plain' | 'every-gap' | 'repeats-duplicates';

export interface Simulation {
  readonly kind: ClientKind;
  readonly windowSize: number;
  /** Milliseconds until the client repeats its last acknowledgement. */
  readonly patience: number;
  readonly lastBlock: number;
  readonly rollover: 0 | 1;
  readonly loss: number;
  readonly duplicates: number;
  readonly reordering: number;
  /** Milliseconds one way. */
  readonly delay: number;
  readonly seed: number;
}

interface InFlight {
  readonly at: number;
  readonly order: number;
  readonly toClient: boolean;
  readonly number: number;
}

/** A transfer and a client on a line that loses, repeats and mixes up packets, in simulated time. */
export function simulate(simulation: Simulation): { received: number; blocksSent: number; outcome: string } {
  const { windowSize, lastBlock, rollover, loss, duplicates, reordering, delay, patience, kind } = simulation;
  const random = randomNumbers(simulation.seed);
  const chance = (share: number): boolean => random(1_000_000) < share * 1_000_000;
  const flying: InFlight[] = [];
  let [now, order, received, inWindow, gapAnswered] = [0, 0, 0, 0, false];
  let clientTimer = patience;
  let outcome = 'running';

  const put = (toClient: boolean, number: number): void => {
    for (let copies = chance(duplicates) ? 2 : 1; copies > 0; copies -= 1) {
      if (chance(loss)) continue;
      const extra = chance(reordering) ? random(3000) / 1000 : 0;
      order += 1;
      const packet = { at: now + delay * (1 + extra), order, toClient, number };
      let place = flying.length;
      while (place > 0 && flying[place - 1]!.at > packet.at) place -= 1;
      flying.splice(place, 0, packet);
    }
  };
  const transfer = new Transfer({ windowSize, lastBlock, answersOptions: false, timeout: undefined, rollover }, now);
  const sendWindow = (): void => {
    while (transfer.hasUnsent) {
      put(true, blockNumber(transfer.next, rollover));
      transfer.sent(1, now);
    }
  };
  const answer = (): void => {
    inWindow = 0;
    put(false, blockNumber(received, rollover));
  };
  const clientReceives = (number: number): void => {
    if (received === lastBlock) {
      answer();
      return;
    }
    if (number === blockNumber(received + 1, rollover)) {
      received += 1;
      inWindow += 1;
      gapAnswered = false;
      clientTimer = now + patience;
      if (inWindow === windowSize || received === lastBlock) answer();
      return;
    }
    const isBehind = number === blockNumber(received, rollover);
    if (kind === 'every-gap' || (isBehind && kind === 'repeats-duplicates') || (!isBehind && !gapAnswered)) {
      gapAnswered = true;
      answer();
    }
  };

  sendWindow();
  for (let steps = 0; outcome === 'running' && steps < 5_000_000; steps += 1) {
    const next = flying[0];
    const timer = Math.min(transfer.deadline, received < lastBlock ? clientTimer : Number.POSITIVE_INFINITY);
    now = Math.max(now, next === undefined ? timer : Math.min(next.at, timer));
    let action: ReturnType<Transfer['handle']> = { type: 'nothing' };
    if (next !== undefined && next.at <= now) {
      flying.shift();
      if (next.toClient) clientReceives(next.number);
      else action = transfer.handle({ type: 'acknowledgement', block: next.number, now });
    } else if (now >= clientTimer && received < lastBlock) {
      clientTimer = now + patience;
      if (received > 0) answer();
    } else action = transfer.handle({ type: 'tick', now });
    if (action.type === 'send-window') sendWindow();
    if (action.type === 'end') outcome = action.outcome;
  }
  return { received, blocksSent: transfer.counts.blocks, outcome };
}
