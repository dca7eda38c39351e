import type { AgentClock, AgentContext, AgentMachine } from '../../src/agent/context.ts';
import type { Key } from '../../src/agent/keys.ts';
import type { Page } from '../../src/agent/page.ts';
import { agentPaths } from '../../src/agent/paths.ts';
import type { Terminal } from '../../src/agent/terminal.ts';
import { SecretMask } from '../../src/engine/mask.ts';
import type { EventBody } from '../../src/model/event.ts';

/** What a person does: presses keys, types a text, or lets time pass until the next question of the program. */
export type Act = Key | string | { readonly kind: 'wait'; readonly seconds: number };

export const enter: Key = { kind: 'enter' };
export const escapeKey: Key = { kind: 'escape' };
export const wait = (seconds: number): Act => ({ kind: 'wait', seconds });

export interface Scripted {
  readonly context: AgentContext;
  readonly pages: Page[];
  readonly events: EventBody[];
  /** Milliseconds that have passed. */
  elapsed(): number;
  /** Resolves when the machine restarts. What asked for it waits for ever, as it does on a real one. */
  readonly restarted: Promise<void>;
}

/** A person who acts by a script, in front of a machine whose time only passes when it is waited for. */
export function scripted(acts: readonly Act[], overrides: Partial<AgentContext> = {}): Scripted {
  const pages: Page[] = [];
  const events: EventBody[] = [];
  let elapsed = 0;
  let restart: () => void = () => undefined;
  const restarted = new Promise<void>((resolve) => {
    restart = resolve;
  });
  const script = acts.flatMap((act): (Key | number)[] =>
    typeof act === 'string'
      ? [...act].map((text) => ({ kind: 'text', text }))
      : act.kind === 'wait'
        ? [act.seconds * 1000]
        : [act],
  );
  const terminal: Terminal = {
    show: (page) => void pages.push(page),
    async press({ milliseconds, signal } = {}) {
      if (signal?.aborted === true) return undefined;
      // Who is asked without a limit does not notice how long the person takes.
      while (milliseconds === undefined && typeof script[0] === 'number') elapsed += Number(script.shift());
      const next = script[0];
      if (typeof next === 'number' && milliseconds !== undefined && next >= milliseconds) {
        elapsed += milliseconds;
        if (next === milliseconds) script.shift();
        else script[0] = next - milliseconds;
        return undefined;
      }
      if (next === undefined || typeof next === 'number')
        throw new Error('The script has ended: nobody presses a key.');
      script.shift();
      return { ...next, console: 'tty1' };
    },
    discardKeys: () => undefined,
    setBanner: () => undefined,
    lend: async () => undefined,
    close: () => undefined,
  };
  const clock: AgentClock = {
    now: () => new Date(Date.parse('2026-06-01T12:00:00Z') + elapsed),
    async sleep(milliseconds) {
      elapsed += milliseconds;
    },
  };
  const context: AgentContext = {
    terminal,
    emit: (event) => void events.push(event),
    record: { listen: () => undefined, flush: async () => undefined },
    machine: {} as AgentMachine,
    clock,
    paths: agentPaths('boot', '/nonexistent'),
    mask: new SecretMask(),
    turnOff: () => {
      restart();
      return new Promise<never>(() => undefined);
    },
    restart: () => {
      restart();
      return new Promise<never>(() => undefined);
    },
    ...overrides,
  };
  return { context, pages, events, elapsed: () => elapsed, restarted };
}
