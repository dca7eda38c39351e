import type { Content, Contents } from './content.ts';
import type { RemapRule } from './names.ts';
import type { OptionLimits } from './options.ts';
import type { ReadAhead } from './read-ahead.ts';
import type { TransferRecord } from './record.ts';
import type { Local, Peer, Session } from './session.ts';

/** What a request leads to. */
export type Found =
  | { readonly content: Content }
  | { readonly refused: 'not-found' | 'denied'; readonly text?: string };

/** The sockets, as the engine needs them. */
export interface Ports<Port> {
  /** A port for one transfer, or `undefined` when there is none left. */
  open(local: Local): Port | undefined;
  close(port: Port): void;
  send(port: Port, to: Peer, from: Local, bytes: Uint8Array): void;
  /**
   * Sends up to `count` blocks from `transfer.next` on. How many left; 0 when the socket takes no more just now.
   *
   * @throws ContentChanged
   */
  sendBlocks(session: Session<Port>, count: number): number;
}

export interface EngineSettings {
  readonly singlePort: boolean;
  readonly maximumTransfers: number;
  readonly requestsPerSecondAndClient: number;
  readonly requestsPerSecond: number;
  readonly rollover: 0 | 1;
  readonly remap: readonly RemapRule[];
}

export interface EngineParts<Port> {
  readonly settings: EngineSettings;
  readonly ports: Ports<Port>;
  readonly contents: Contents;
  readonly readAhead: ReadAhead;
  /** Finds what a path means to a client, now or later. */
  readonly lookUp: (path: string, client: Peer, local: Local, answer: (found: Found) => void) => void;
  readonly limits: (local: Local, client: Peer) => OptionLimits;
  readonly onRecord: (record: TransferRecord) => void;
  readonly now: () => number;
}
