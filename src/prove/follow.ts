import { sleep } from '../host/clock.ts';
import { BootwrightError } from '../model/error.ts';
import type { ErrorCode } from '../model/errors/index.ts';
import type { Guest } from './guest.ts';
import { describeEvent, type GuestEvent, parseEventLine, type ReportedEvent } from './guest-event.ts';
import { deathCry, explainSilence, type Phase, type PhaseLimits, phaseAfter } from './watch.ts';

/** What to do with an event: go on, be done, or give up for a reason. */
export type Verdict = 'go on' | 'reached' | { readonly code: ErrorCode; readonly failed: string };

export interface Script {
  /** Judges every event, in order. */
  readonly judge: (event: ReportedEvent) => Verdict;
  /** Answers a prompt; called once for each `prompt.shown`. */
  readonly answer: (prompt: Prompt, guest: Guest) => Promise<void>;
}

export type Prompt = Extract<ReportedEvent, { type: 'prompt.shown' }>;

export interface FollowOptions {
  readonly limits: PhaseLimits;
  /** Seconds for everything together. */
  readonly totalSeconds: number;
  readonly onEvent?: (event: GuestEvent) => void;
  readonly signal?: AbortSignal;
}

/**
 * Collects what a guest says, before and while it is followed: hand `listen` to `startGuest`, then call `follow`,
 * as often as there are goals.
 */
export class GuestEvents {
  readonly all: GuestEvent[] = [];
  /** How often the machine was reset, by itself or by its button. */
  resets = 0;
  readonly #waiting: GuestEvent[] = [];
  #console = '';
  #lost: string | undefined;
  #wake: () => void = () => {};
  #seconds: () => number = () => 0;
  #phase: Phase = 'firmware';
  #lastHeard = 0;

  readonly listen = {
    onEventLine: (line: string): void => {
      const event = parseEventLine(line);
      if (event !== undefined) this.#hear(event);
    },
    onConsole: (text: string): void => {
      // A pattern may arrive in two pieces.
      this.#console = (this.#console + text).slice(-2000);
      this.#lost ??= deathCry(this.#console);
      if (this.#lost !== undefined) this.#wake();
      if (/ login: $/.test(this.#console)) {
        this.#console = '';
        this.#hear({ type: 'console.login' });
      }
    },
    onQmp: (event: { readonly name: string }): void => {
      if (event.name === 'RESET') {
        this.resets += 1;
        this.#phase = 'restart';
        this.#lastHeard = this.#seconds();
      }
      if (event.name === 'GUEST_PANICKED') this.#lost ??= 'the kernel panicked';
    },
  };

  #hear(event: ReportedEvent): void {
    const heard: GuestEvent = { seconds: Math.round(this.#seconds() * 10) / 10, event };
    this.all.push(heard);
    this.#waiting.push(heard);
    this.#lastHeard = heard.seconds;
    this.#phase = phaseAfter(heard);
    this.#wake();
  }

  /**
   * Follows the machine until the script says it is where it should be.
   *
   * @throws BW-PROVE-001 silence or too late, BW-PROVE-007 the machine ended, BW-PROVE-012 it cannot start, what the
   * script gives up with, BW-HOST-006 cancelled
   */
  async follow(guest: Guest, script: Script, options: FollowOptions): Promise<GuestEvent> {
    this.#seconds = guest.seconds;
    let ended: string | undefined;
    void guest.ended.then((reason) => {
      ended = reason;
      this.#wake();
    });
    const start = guest.seconds();
    for (;;) {
      const next = this.#waiting.shift();
      if (next !== undefined) {
        options.onEvent?.(next);
        const verdict = script.judge(next.event);
        if (verdict === 'reached') return next;
        if (verdict !== 'go on') throw new BootwrightError(verdict.code, verdict.failed);
        if (next.event.type === 'prompt.shown') await script.answer(next.event, guest);
        continue;
      }
      if (options.signal?.aborted === true) throw new BootwrightError('BW-HOST-006', 'The proof was interrupted.');
      if (ended !== undefined) throw new BootwrightError('BW-PROVE-007', `The virtual machine ended: ${ended}`);
      if (this.#lost !== undefined)
        throw new BootwrightError('BW-PROVE-012', `The machine cannot go on: ${this.#lost}.`);
      this.#giveUpWhenSilent(guest.seconds(), start, options);
      await this.#wakeOr(1000, options.signal);
    }
  }

  #giveUpWhenSilent(now: number, start: number, { limits, totalSeconds }: FollowOptions): void {
    const last = this.all.map(({ event }) => describeEvent(event)).findLast((text) => text !== undefined);
    const silence = now - this.#lastHeard;
    if (silence > limits[this.#phase])
      throw new BootwrightError('BW-PROVE-001', explainSilence(this.#phase, silence, last));
    if (now - start > totalSeconds) {
      throw new BootwrightError(
        'BW-PROVE-001',
        `The goal was not reached in ${totalSeconds} s. Last sign of life: ${last ?? 'none'}.`,
      );
    }
  }

  async #wakeOr(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    await Promise.race([woken, sleep(milliseconds, signal).catch(() => {})]);
  }
}
