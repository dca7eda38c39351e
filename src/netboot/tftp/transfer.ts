import { blockAt, blockNumber } from './block-number.ts';

/** What was agreed with a client before the first block. */
export interface TransferPlan {
  readonly windowSize: number;
  /** The number of the last block, from 1; `undefined` while only sending will show it (netascii). */
  readonly lastBlock: number | undefined;
  /** The client waits for our answer to its options, and we for block 0. */
  readonly answersOptions: boolean;
  /** Seconds, where the client chose them. */
  readonly timeout: number | undefined;
  readonly rollover: 0 | 1;
}

export type Outcome =
  | 'complete'
  /** Everything was sent, but the last block was never acknowledged: many ROMs jump into what they loaded at once. */
  | 'complete-unconfirmed'
  /** The client only wanted to know the size. */
  | 'size-probe'
  /** The client had enough, e.g. GRUB after reading a part. */
  | 'closed'
  | 'refused-by-client'
  | 'unreachable'
  | 'timeout';

export type TransferEvent =
  | { readonly type: 'acknowledgement'; readonly block: number; readonly now: number }
  | { readonly type: 'error'; readonly code: number }
  | { readonly type: 'unreachable' }
  | { readonly type: 'tick'; readonly now: number };

export type TransferAction =
  | { readonly type: 'nothing' | 'send-options' | 'send-window' }
  | { readonly type: 'end'; readonly outcome: Outcome };

const nothing = { type: 'nothing' } as const;
const sendOptions = { type: 'send-options' } as const;
const sendWindow = { type: 'send-window' } as const;
const end = (outcome: Outcome): TransferAction => ({ type: 'end', outcome });

/** Times in milliseconds. */
const first = 1000;
const shortest = 250;
const longest = 8000;
const tries = 6;
const longestSilence = 60_000;
const longestHalfOpen = 15_000;

/**
 * One file on its way to one client. Deterministic: times come with the events, nothing is sent from here.
 *
 * After `send-window` the caller sends the blocks from `next` to `windowEnd`, as fast as its socket likes, and says so with `sent`.
 */
export class Transfer {
  readonly plan: TransferPlan;
  lastBlock: number;
  /** Everything up to here is acknowledged. */
  acknowledged = 0;
  /** The next block to send, and the last of the window. */
  next = 1;
  windowEnd = 0;
  readonly counts = { blocks: 0, resent: 0, windows: 0, gaps: 0, timeouts: 0 };
  /** Of the last 64 windows: bursts get shorter for clients that lose part of them again and again. */
  #recentGaps = 0;
  #recentWindows = 0;
  #isOpen: boolean;
  #isHeard = false;
  #highestSent = 0;
  #interval: number;
  #deadline: number;
  #tries = 0;
  #progressAt: number;
  #sentAt: number;
  #isResent = false;
  /** Repeated acknowledgements before this time are echoes of what was sent twice. */
  #deafUntil = 0;
  /** Before this time an acknowledgement inside the window may be one too. */
  #echoUntil = 0;
  #roundTrip: number | undefined;
  #shortestRoundTrip = Number.POSITIVE_INFINITY;

  constructor(plan: TransferPlan, now: number) {
    this.plan = plan;
    this.lastBlock = plan.lastBlock ?? Number.POSITIVE_INFINITY;
    this.#isOpen = !plan.answersOptions;
    this.#interval = this.#firstInterval();
    this.#progressAt = now;
    this.#sentAt = now;
    this.#deadline = now + this.#interval;
    if (this.#isOpen) this.#startWindow(now);
  }

  /** What to do first. */
  start(): TransferAction {
    return this.#isOpen ? sendWindow : sendOptions;
  }

  /** The client has not answered anything yet. */
  get isHalfOpen(): boolean {
    return !this.#isHeard;
  }

  get hasUnsent(): boolean {
    return this.#isOpen && this.next <= this.windowEnd;
  }

  get deadline(): number {
    return this.#deadline;
  }

  /** The client loses parts of windows again and again. */
  get isLossy(): boolean {
    return this.#recentGaps >= 2;
  }

  /** The number a block has on the wire. */
  wireNumber(block: number): number {
    return blockNumber(block, this.plan.rollover);
  }

  /** `count` blocks from `next` on have been given to the socket. */
  sent(count: number, now: number): void {
    const from = this.next;
    this.next += count;
    this.counts.blocks += count;
    this.counts.resent += Math.max(0, Math.min(this.#highestSent + 1, this.next) - from);
    this.#highestSent = Math.max(this.#highestSent, this.next - 1);
    this.#sentAt = now;
    this.#deadline = now + this.#interval;
  }

  handle(event: TransferEvent): TransferAction {
    switch (event.type) {
      case 'acknowledgement':
        return this.#isOpen ? this.#acknowledge(event.block, event.now) : this.#open(event.block, event.now);
      case 'tick':
        return event.now < this.#deadline ? nothing : this.#expire(event.now);
      case 'unreachable':
        return end('unreachable');
      case 'error':
        return end(this.#outcomeOfError(event.code));
    }
  }

  #open(block: number, now: number): TransferAction {
    if (block !== 0) return nothing;
    this.#isOpen = true;
    this.#isHeard = true;
    this.#measure(now);
    this.#advance(now);
    return sendWindow;
  }

  #acknowledge(wire: number, now: number): TransferAction {
    const block = blockAt(wire, this.acknowledged, this.plan.rollover);
    if (block === undefined || block < this.acknowledged || block >= this.next) return nothing;
    if (block === this.acknowledged) return this.#repeat(now);
    const isGap = block < this.windowEnd;
    const wasResent = this.#isResent;
    if (!isGap) this.#measure(now);
    this.acknowledged = block;
    this.#isHeard = true;
    if (block === this.lastBlock) return end('complete');
    if (isGap && now < this.#echoUntil) return this.#moveWindow(now);
    this.#countWindow(isGap);
    this.#advance(now);
    // One lost block makes EDK2 acknowledge each of the others; and what was sent twice is acknowledged twice.
    if (isGap || wasResent) this.#beDeaf(now);
    if (isGap) this.#echoUntil = now + 2 * this.#damping();
    return sendWindow;
  }

  /**
   * Parts of the window are under way twice, and clients acknowledge the second copy in the middle of the first: what was
   * just sent is not sent a third time, only what the client's window now holds more.
   */
  #moveWindow(now: number): TransferAction {
    this.#tries = 0;
    this.#progressAt = now;
    this.#deadline = now + this.#interval;
    this.next = Math.max(this.next, this.acknowledged + 1);
    this.windowEnd = Math.min(this.acknowledged + this.plan.windowSize, this.lastBlock);
    return this.hasUnsent ? sendWindow : nothing;
  }

  #beDeaf(now: number): void {
    this.#deafUntil = now + this.#damping();
  }

  /** The client has not seen the block after the acknowledged one, or it only repeats itself. */
  #repeat(now: number): TransferAction {
    // RFC 1123, 4.2.3.1 (Sorcerer's Apprentice): in lock step only our timer sends anything twice.
    if (this.plan.windowSize === 1 || now < this.#deafUntil) return nothing;
    // A duplicate made by the network comes with its original; a client's answer takes a way there and back.
    if (now - this.#sentAt < this.#shortestRoundTrip / 2) return nothing;
    this.#countWindow(true);
    this.#beDeaf(now);
    this.#startWindow(now);
    this.#isResent = true;
    this.#echoUntil = now + 2 * this.#damping();
    return sendWindow;
  }

  #expire(now: number): TransferAction {
    const silence = now - this.#progressAt;
    const allowed = this.isHalfOpen ? longestHalfOpen : longestSilence;
    this.#tries += 1;
    if (this.#tries > tries || silence >= allowed) {
      const onlyTheLastIsMissing = this.windowEnd === this.lastBlock && this.#highestSent === this.lastBlock;
      return end(this.#isHeard && onlyTheLastIsMissing ? 'complete-unconfirmed' : 'timeout');
    }
    this.counts.timeouts += 1;
    this.#interval = Math.max(Math.min(this.#interval * 2, longest), this.#firstInterval());
    this.#deadline = now + this.#interval;
    if (!this.#isOpen) return sendOptions;
    // The line is slower than the timer: what is not sent yet cannot be missed yet.
    if (this.hasUnsent) return sendWindow;
    this.#startWindow(now);
    this.#isResent = true;
    return sendWindow;
  }

  #advance(now: number): void {
    this.#tries = 0;
    this.#progressAt = now;
    this.#interval = this.#firstInterval();
    this.#startWindow(now);
    this.#isResent = false;
  }

  #startWindow(now: number): void {
    this.next = this.acknowledged + 1;
    this.windowEnd = Math.min(this.acknowledged + this.plan.windowSize, this.lastBlock);
    this.#sentAt = now;
    this.#deadline = now + this.#interval;
  }

  #outcomeOfError(code: number): Outcome {
    if (this.acknowledged === 0 && (code === 8 || code === 0)) return 'size-probe';
    return code === 0 ? 'closed' : 'refused-by-client';
  }

  #measure(now: number): void {
    if (this.#isResent || this.#tries > 0) return;
    const sample = now - this.#sentAt;
    this.#shortestRoundTrip = Math.min(this.#shortestRoundTrip, sample);
    this.#roundTrip = this.#roundTrip === undefined ? sample : this.#roundTrip * 0.875 + sample * 0.125;
  }

  #firstInterval(): number {
    if (this.plan.timeout !== undefined) return this.plan.timeout * 1000;
    return this.#roundTrip === undefined ? first : Math.min(Math.max(4 * this.#roundTrip, shortest), first);
  }

  #damping(): number {
    return Math.min(this.#roundTrip ?? first, this.#interval / 4);
  }

  #countWindow(isGap: boolean): void {
    this.counts.windows += 1;
    this.#recentWindows += 1;
    if (this.#recentWindows > 64) [this.#recentWindows, this.#recentGaps] = [0, 0];
    if (!isGap) return;
    this.counts.gaps += 1;
    this.#recentGaps += 1;
  }
}
