import type { SecretMask } from '../engine/mask.ts';
import type { EmitEvent } from '../model/event.ts';
import type { Machine } from '../model/machine.ts';
import type { AgentPaths } from './paths.ts';
import type { EventRecord } from './record.ts';
import type { Terminal } from './terminal.ts';

/** What every part of the agent gets: the person, the record, the machine, the time and the places. */
export interface AgentContext {
  readonly terminal: Terminal;
  readonly emit: EmitEvent;
  readonly record: Pick<EventRecord, 'listen' | 'flush'>;
  readonly machine: AgentMachine;
  readonly clock: AgentClock;
  readonly paths: AgentPaths;
  readonly mask: SecretMask;
  /** Restarts the machine; does not return. */
  restart(): Promise<never>;
  /** Turns the machine off; does not return. */
  turnOff(): Promise<never>;
}

export type AgentMachine = Machine & {
  /** Unmounts everything this machine mounted. */
  close(): Promise<void>;
};

export interface AgentClock {
  now(): Date;
  /** Rejects when the signal aborts. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}
