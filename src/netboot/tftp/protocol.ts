import type { Metrics } from './metrics.ts';
import type { TransferRecord } from './record.ts';

/** What a virtual name is answered with. `undefined`: the file of that name in the root. */
export type TftpAnswer =
  | { readonly bytes: Uint8Array }
  /** Another file below the root. */
  | { readonly file: string }
  | { readonly refused: 'not-found' | 'denied'; readonly text?: string }
  | undefined;

export interface TftpRequest {
  /** Below the root, `/` between its parts, remapped. */
  readonly path: string;
  readonly client: string;
  readonly local: string;
  /** Number of the interface the request came through; 0 where that is not known. */
  readonly interfaceIndex: number;
}

export interface Bound {
  readonly address: string;
  readonly port: number;
  readonly interface?: string;
}

export type ToThread =
  | { readonly type: 'stop' }
  | { readonly type: 'metrics' }
  | { readonly type: 'answer'; readonly id: number; readonly answer: TftpAnswer };

export type FromThread =
  | { readonly type: 'ready'; readonly bound: readonly Bound[]; readonly usesDoor: boolean }
  /** The service could not start; `number` is the system's, where it is known. */
  | {
      readonly type: 'failed';
      readonly what: string;
      readonly code: string | number | undefined;
      readonly message: string;
    }
  | { readonly type: 'ask'; readonly id: number; readonly request: TftpRequest }
  | { readonly type: 'record'; readonly record: TransferRecord }
  | { readonly type: 'metrics'; readonly metrics: Metrics };
