import type { RemapRule } from './names.ts';

/** Where the service listens: an address, or an interface with all its addresses, or both. */
export interface Listen {
  readonly address?: string;
  readonly interface?: string;
  /** 69 by default; 0 for any free one. */
  readonly port?: number;
}

export interface TftpLimits {
  /** Transfers at a time; requests above that are dropped, and the client asks again. */
  readonly transfers: number;
  readonly requestsPerSecondAndClient: number;
  readonly requestsPerSecond: number;
  /** Largest block, whatever an interface could carry. */
  readonly blockSize: number;
  readonly windowSize: number;
  /** Bytes of files that are kept in memory for all clients together. */
  readonly cacheBytes: number;
}

/** Everything a thread of the service has to know. */
export interface TftpSettings {
  readonly listen: readonly Listen[];
  /** Folder that files come from; none where everything is virtual. */
  readonly root: string | undefined;
  /** Folders outside the root that links in it may point into. */
  readonly extraRoots: readonly string[];
  /** Every request is asked about before the root is looked into. */
  readonly asks: boolean;
  /**
   * Where transfers are answered from: each from a port of its own, one of a range where a firewall wants that, or all
   * from the service's own port, for clients behind address translation.
   */
  readonly ports: 'any' | 'single' | { readonly first: number; readonly last: number };
  /** Blocks may be longer than the interface carries at once; routers and clients then have to put them together. */
  readonly fragments: boolean;
  readonly rollover: 0 | 1;
  /** Differentiated services code point of all that is sent. */
  readonly codePoint: number | undefined;
  readonly remap: readonly RemapRule[];
  readonly limits: TftpLimits;
  readonly useDoor: boolean;
}

export const defaultLimits: TftpLimits = {
  transfers: 4000,
  requestsPerSecondAndClient: 200,
  requestsPerSecond: 20_000,
  blockSize: 65_464,
  windowSize: 64,
  cacheBytes: 32 * 1024 * 1024,
};

export const tftpPort = 69;

/** Headers that stand in a packet before a block: IP, UDP, TFTP. */
export function overhead(address: string): number {
  return (address.includes(':') ? 40 : 20) + 8 + 4;
}

/** What does not hold without the native door, by ids of the wire rules. */
export const limitsWithoutDoor: readonly { readonly rules: readonly string[]; readonly text: string }[] = [
  { rules: ['TFTP-10'], text: 'one address of one interface only' },
  { rules: ['TFTP-15'], text: 'a client that went away is noticed by timeouts only' },
  { rules: ['TFTP-65'], text: 'routers may not fragment what is sent' },
  { rules: ['TFTP-67'], text: 'no differentiated services' },
  { rules: ['TIM-06'], text: 'the receive buffer is as large as the system allows everybody' },
];
