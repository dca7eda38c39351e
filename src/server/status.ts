import { isRunning } from '../host/process-id.ts';
import { readSetting, type State, writeSetting } from './state/state.ts';
import type { LibraryHealth } from './verify-library.ts';

/** What a running server says about itself in the state database, for `bootwright status`. */
export interface ServerStatus {
  readonly address: string;
  readonly port: number;
  /** ISO 8601 UTC. */
  readonly started: string;
  readonly process: number;
  /** Fingerprints that machines are given: SHA-256, hex. */
  readonly signingKey: string;
  readonly certificate: string;
  readonly serial: number;
  readonly sequences: readonly string[];
  /** Of the site as it is now; where it is broken, the last good state is served. */
  readonly problems: readonly string[];
  readonly content: LibraryHealth;
}

export async function writeStatus(state: State, status: ServerStatus | undefined): Promise<void> {
  await writeSetting(state, 'server-status', status === undefined ? '' : JSON.stringify(status));
}

/** `undefined` when no server runs, on this machine. */
export async function readStatus(state: State): Promise<ServerStatus | undefined> {
  const text = await readSetting(state, 'server-status');
  if (text === undefined || text === '') return undefined;
  const status = JSON.parse(text) as ServerStatus;
  // A server that was killed could not say so.
  return isRunning(status.process) ? status : undefined;
}
