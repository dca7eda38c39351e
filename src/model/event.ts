import type { ErrorCode } from './errors/index.ts';
import type { Disk, MachineFacts } from './machine.ts';

/**
 * Everything the agent, the engine, builds and proofs do, as data. Terminals, logs and the proof are renderers of the
 * same stream. On the wire each event is one JSON line.
 */
export type BootwrightEvent = { readonly at: string; readonly uptime: number } & EventBody;

export type EventBody =
  | {
      /** The agent's first sign of life, before it has looked at anything. */
      readonly type: 'agent.started';
      readonly environment: 'boot' | 'deployed';
    }
  | {
      readonly type: 'machine.recognised';
      readonly mediumId: string;
      readonly facts: MachineFacts;
      readonly resumed: boolean;
    }
  | { readonly type: 'agent.phase'; readonly name: string; readonly text: string }
  | { readonly type: 'agent.refused'; readonly code: ErrorCode; readonly message: string }
  | {
      readonly type: 'prompt.shown';
      readonly prompt:
        | 'password'
        | 'confirm'
        | 'failure'
        | 'clock'
        | 'resume'
        | 'approval'
        | 'choice'
        | 'network'
        | 'volume'
        | 'input';
      readonly text: string;
      readonly attempt?: number;
      /** Number of the disc that is asked for. */
      readonly volume?: number;
    }
  | { readonly type: 'prompt.answered'; readonly prompt: string; readonly answer: string }
  | { readonly type: 'verify.progress'; readonly bytes: number; readonly totalBytes: number; readonly file: string }
  | { readonly type: 'verify.completed'; readonly files: number; readonly bytes: number }
  | { readonly type: 'target.chosen'; readonly disk: Disk }
  | { readonly type: 'sequence.started'; readonly name: string; readonly total: number }
  | {
      readonly type: 'group.started' | 'group.completed' | 'group.failed';
      readonly name: string;
      readonly path: string;
    }
  | {
      readonly type: 'step.started';
      readonly index: number;
      readonly total: number;
      readonly name: string;
      readonly path: string;
      readonly step: string;
    }
  | { readonly type: 'step.progress'; readonly path: string; readonly fraction: number; readonly text: string }
  | { readonly type: 'step.skipped'; readonly name: string; readonly path: string; readonly reason: string }
  | {
      readonly type: 'step.completed';
      readonly name: string;
      readonly path: string;
      readonly code: number;
      readonly message: string;
      readonly seconds: number;
    }
  | {
      readonly type: 'step.failed';
      readonly name: string;
      readonly path: string;
      readonly code: number;
      readonly message: string;
      readonly continued: boolean;
      readonly error?: ErrorCode;
      readonly seconds: number;
    }
  | { readonly type: 'variable.set'; readonly name: string; readonly value: string }
  | { readonly type: 'restart.requested'; readonly target: 'boot' | 'disk'; readonly message: string }
  | { readonly type: 'sequence.completed'; readonly name: string; readonly seconds: number }
  | {
      readonly type: 'sequence.failed';
      readonly name: string;
      readonly step: string;
      readonly code: number;
      readonly message: string;
      readonly error?: ErrorCode;
    }
  | {
      readonly type: 'log';
      readonly severity: 'info' | 'warning' | 'error';
      readonly component: string;
      readonly text: string;
    };

export type EmitEvent = (event: EventBody) => void;
