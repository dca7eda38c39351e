import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blockAt, blockNumber } from '../../../src/netboot/tftp/block-number.ts';
import { Transfer, type TransferPlan } from '../../../src/netboot/tftp/transfer.ts';
import { type ClientKind, simulate } from './simulated-network.ts';

const plan = (change: Partial<TransferPlan> = {}): TransferPlan => ({
  ...{ windowSize: 1, lastBlock: 10, answersOptions: false, timeout: undefined, rollover: 0 },
  ...change,
});

function started(change: Partial<TransferPlan> = {}): Transfer {
  const transfer = new Transfer(plan(change), 0);
  sendAll(transfer, 0);
  return transfer;
}

function sendAll(transfer: Transfer, now: number): void {
  if (transfer.hasUnsent) transfer.sent(transfer.windowEnd - transfer.next + 1, now);
}

const acknowledge = (transfer: Transfer, block: number, now: number) =>
  transfer.handle({ type: 'acknowledgement', block, now });
const nothing = { type: 'nothing' };

describe('one transfer', () => {
  it('TFTP-21 after the options nothing is sent until block 0 is acknowledged', () => {
    const transfer = new Transfer(plan({ answersOptions: true }), 0);
    expect(transfer.start()).toEqual({ type: 'send-options' });
    expect(acknowledge(transfer, 1, 1)).toEqual(nothing);
    expect(transfer.hasUnsent).toBe(false);
    expect(transfer.handle({ type: 'tick', now: 1000 })).toEqual({ type: 'send-options' });
    expect(acknowledge(transfer, 0, 1001)).toEqual({ type: 'send-window' });
    expect([transfer.next, transfer.windowEnd]).toEqual([1, 1]);
  });

  it('TFTP-22 an error right after the options is a size probe, a later one with code 0 has read enough', () => {
    for (const code of [8, 0]) {
      const probe = new Transfer(plan({ answersOptions: true }), 0);
      expect(probe.handle({ type: 'error', code })).toEqual({ type: 'end', outcome: 'size-probe' });
    }
    const reading = started();
    acknowledge(reading, 1, 1);
    expect(reading.handle({ type: 'error', code: 0 })).toEqual({ type: 'end', outcome: 'closed' });
    expect(reading.handle({ type: 'error', code: 3 })).toEqual({ type: 'end', outcome: 'refused-by-client' });
  });

  it('TFTP-15 a client that went away ends it', () => {
    expect(started().handle({ type: 'unreachable' })).toEqual({ type: 'end', outcome: 'unreachable' });
  });

  it('TFTP-37 in lock step a repeated acknowledgement and one of a block never sent do nothing', () => {
    const transfer = started();
    expect(acknowledge(transfer, 1, 5)).toEqual({ type: 'send-window' });
    sendAll(transfer, 5);
    for (const block of [1, 0, 3, 9, 40_000, 65_535]) expect(acknowledge(transfer, block, 6)).toEqual(nothing);
    expect(transfer.next).toBe(3);
  });

  it('TFTP-38 an acknowledgement inside the window starts a whole window behind it', () => {
    const transfer = started({ windowSize: 4, lastBlock: 100 });
    expect(acknowledge(transfer, 2, 5)).toEqual({ type: 'send-window' });
    expect([transfer.acknowledged, transfer.next, transfer.windowEnd]).toEqual([2, 3, 6]);
    sendAll(transfer, 5);
    expect(acknowledge(transfer, 6, 9)).toEqual({ type: 'send-window' });
    expect([transfer.next, transfer.windowEnd]).toEqual([7, 10]);
  });

  it('TFTP-39 the first repeat sends the window once more, those that follow closely do not', () => {
    const transfer = started({ windowSize: 8, lastBlock: 100 });
    acknowledge(transfer, 8, 10);
    sendAll(transfer, 10);
    expect(acknowledge(transfer, 8, 20)).toEqual({ type: 'send-window' });
    sendAll(transfer, 20);
    // EDK2 acknowledges every block that comes out of order.
    for (let index = 1; index < 8; index += 1) expect(acknowledge(transfer, 8, 20 + index / 8)).toEqual(nothing);
    expect(acknowledge(transfer, 8, 20 + 300)).toEqual({ type: 'send-window' });
  });

  it('TFTP-39 EDK2’s acknowledgements of one gap cost one window', () => {
    const transfer = started({ windowSize: 8, lastBlock: 100 });
    expect(acknowledge(transfer, 3, 10)).toEqual({ type: 'send-window' });
    sendAll(transfer, 10);
    for (let index = 0; index < 5; index += 1) expect(acknowledge(transfer, 3, 10.5)).toEqual(nothing);
  });

  it('TFTP-40 TIM-02 the timer doubles up to 8 s, ends after six tries, and starts anew with progress', () => {
    const transfer = started({ lastBlock: 100 });
    acknowledge(transfer, 1, 300);
    sendAll(transfer, 300);
    // Four round trips of 300 ms are more than the longest first interval.
    const times: number[] = [];
    let now = 300;
    for (;;) {
      now = transfer.deadline;
      times.push(now);
      const action = transfer.handle({ type: 'tick', now });
      if (action.type === 'end') {
        expect(action).toEqual({ type: 'end', outcome: 'timeout' });
        break;
      }
      sendAll(transfer, now);
    }
    const waits = times.map((time, index) => time - (times[index - 1] ?? 300));
    expect(waits).toEqual([1000, 2000, 4000, 8000, 8000, 8000, 8000]);
    expect(transfer.handle({ type: 'tick', now: 0 })).toEqual(nothing);
  });

  it('TFTP-40 TFTP-27 a timeout the client chose is the interval, a short way there a short one', () => {
    expect(new Transfer(plan({ timeout: 3, answersOptions: true }), 0).deadline).toBe(3000);
    const near = started();
    acknowledge(near, 1, 1);
    expect(near.deadline).toBe(251);
  });

  it('TIM-03 a client that never answers is given up within 15 s', () => {
    const transfer = new Transfer(plan({ answersOptions: true }), 0);
    let now = 0;
    for (;;) {
      now = transfer.deadline;
      if (transfer.handle({ type: 'tick', now }).type === 'end') break;
    }
    expect(now).toBeLessThanOrEqual(15_000 + 8000);
  });

  it('TFTP-42 without the last acknowledgement it ends as complete, with a note', () => {
    const transfer = started({ lastBlock: 2 });
    acknowledge(transfer, 1, 1);
    let action = acknowledge(transfer, 1, 1);
    sendAll(transfer, 1);
    while (action.type !== 'end') {
      action = transfer.handle({ type: 'tick', now: transfer.deadline });
      sendAll(transfer, transfer.deadline);
    }
    expect(action).toEqual({ type: 'end', outcome: 'complete-unconfirmed' });
  });

  it('TFTP-43 a client that loses parts of windows again and again is known as such', () => {
    const transfer = started({ windowSize: 8, lastBlock: 10_000 });
    expect(transfer.isLossy).toBe(false);
    for (const [block, now] of [
      [3, 10],
      [6, 1000],
    ] as const) {
      acknowledge(transfer, block, now);
      sendAll(transfer, now);
    }
    expect(transfer.isLossy).toBe(true);
  });

  it('TFTP-36 numbers go round to 0 or to 1, and acknowledgements mean the nearest block', () => {
    expect([65_535, 65_536, 65_537].map((block) => blockNumber(block, 0))).toEqual([65_535, 0, 1]);
    expect([65_535, 65_536, 65_537].map((block) => blockNumber(block, 1))).toEqual([65_535, 1, 2]);
    const block = fc.integer({ min: 1, max: 10_000_000 });
    const near = fc.integer({ min: -30_000, max: 30_000 });
    fc.assert(
      fc.property(block, near, fc.constantFrom(0 as const, 1 as const), (base, distance, rollover) => {
        const other = Math.max(1, base + distance);
        expect(blockAt(blockNumber(other, rollover), base, rollover)).toBe(other);
      }),
    );
  });
});

describe('transfers over a bad line', () => {
  const network = fc.record({
    loss: fc.constantFrom(0, 0.01, 0.05),
    duplicates: fc.constantFrom(0, 0.02, 0.2),
    reordering: fc.constantFrom(0, 0.02, 0.2),
    delay: fc.constantFrom(0.1, 1, 20),
    seed: fc.integer({ min: 1, max: 1_000_000 }),
  });
  const kinds: ClientKind[] = ['plain', 'every-gap', 'repeats-duplicates'];
  const client = fc.record({
    kind: fc.constantFrom(...kinds),
    windowSize: fc.constantFrom(1, 4, 16, 64),
    patience: fc.constantFrom(250, 1000, 4000),
  });

  it('TFTP-35 TFTP-38 TFTP-41 every client gets every block, whatever the line does', () => {
    fc.assert(
      fc.property(network, client, fc.integer({ min: 1, max: 400 }), (line, receiver, lastBlock) => {
        const result = simulate({ ...line, ...receiver, lastBlock, rollover: 0 });
        expect(result.received).toBe(lastBlock);
      }),
      { numRuns: 300 },
    );
  });

  it('TFTP-37 TFTP-39 TFTP-41 a line that only duplicates does not multiply the traffic', () => {
    for (const kind of kinds)
      for (const windowSize of [1, 4, 16, 64]) {
        const line = { loss: 0, duplicates: 0.05, reordering: 0, delay: 1, seed: 7 };
        const result = simulate({ ...line, kind, windowSize, patience: 1000, lastBlock: 4000, rollover: 0 });
        expect(result.received, `${kind} ${windowSize}`).toBe(4000);
        expect(result.blocksSent / 4000, `${kind} ${windowSize}`).toBeLessThan(1.3);
      }
  });

  it('TFTP-36 more than 65,535 blocks arrive, with both ways of going round', () => {
    for (const rollover of [0, 1] as const) {
      const line = { loss: 0.0005, duplicates: 0, reordering: 0, delay: 0.1, seed: 3 };
      const receiver = { kind: 'plain', windowSize: 16, patience: 1000 } as const;
      expect(simulate({ ...line, ...receiver, lastBlock: 140_000, rollover })).toMatchObject({ received: 140_000 });
    }
  });
});
