import type { Content } from './content.ts';
import { type NetasciiPlace, netasciiBlock, netasciiStart } from './netascii.ts';
import type { Negotiated } from './options.ts';
import type { ReadAhead } from './read-ahead.ts';
import type { Transfer } from './transfer.ts';

/** Another machine's socket. */
export interface Peer {
  readonly address: string;
  readonly port: number;
  /** The same for the same socket. */
  readonly key: string;
  /** The kernel's form of it, where the native door is open. */
  readonly raw?: Uint8Array;
}

/** The own address a request came to, and the interface it came through (0 where that is not known). */
export interface Local {
  readonly address: string;
  readonly interfaceIndex: number;
}

/** One transfer with everything its blocks are made of. */
export interface Session<Port> {
  readonly peer: Peer;
  readonly local: Local;
  readonly port: Port;
  /** The socket is this transfer's alone. */
  readonly ownsPort: boolean;
  readonly key: string;
  readonly name: string;
  readonly request: Uint8Array;
  readonly startedAt: number;
  readonly transfer: Transfer;
  readonly negotiated: Negotiated;
  readonly content: Content;
  readonly netascii: NetasciiText | undefined;
  isQueued: boolean;
  isEnded: boolean;
}

/** Bytes of a block of a file that is sent as it is. */
export function blockLength(session: Pick<Session<unknown>, 'negotiated' | 'content'>, block: number): number {
  const { blockSize } = session.negotiated;
  return Math.min(blockSize, session.content.size - (block - 1) * blockSize);
}

/** A text that is converted while it is sent, one block at a time. */
export class NetasciiText {
  readonly #content: Content;
  readonly #blockSize: number;
  readonly #readAhead: ReadAhead;
  #number = 0;
  #place: NetasciiPlace = netasciiStart;
  #next: NetasciiPlace = netasciiStart;
  #block = new Uint8Array(0);
  #acknowledgedBytes = 0;

  constructor(content: Content, blockSize: number, readAhead: ReadAhead) {
    this.#content = content;
    this.#blockSize = blockSize;
    this.#readAhead = readAhead;
  }

  /** The block that was made last, or the one after it. @throws ContentChanged */
  block(number: number): Uint8Array {
    if (number === this.#number) return this.#block;
    this.#place = this.#next;
    this.#number = number;
    this.#acknowledgedBytes += this.#block.length;
    const { block, next } = netasciiBlock(this.#place, this.#blockSize, (position, length) =>
      this.#read(position, length),
    );
    this.#block = block as Uint8Array<ArrayBuffer>;
    this.#next = next;
    return block;
  }

  isLast(number: number): boolean {
    return number === this.#number && this.#block.length < this.#blockSize;
  }

  bytesUpTo(acknowledged: number): number {
    return this.#acknowledgedBytes + (acknowledged >= this.#number ? this.#block.length : 0);
  }

  #read(start: number, length: number): Uint8Array {
    const end = Math.min(start + length, this.#content.size);
    const bytes = new Uint8Array(Math.max(0, end - start));
    for (let at = start; at < end; ) {
      const place = this.#readAhead.locate(this.#content, at, end - at);
      bytes.set(this.#readAhead.memory.subarray(place.offset, place.offset + place.length), at - start);
      at += place.length;
    }
    return bytes;
  }
}
