import { encodeControl, segmentsOf, sendFrom } from '../../host/native-sockets/control.ts';
import type { DatagramSocket } from '../../host/native-sockets/datagram-socket.ts';
import type { Door } from '../../host/native-sockets/door.ts';
import { errno } from '../../host/native-sockets/linux.ts';
import type { NativeMemory } from '../../host/native-sockets/memory.ts';
import { SocketError } from '../../host/native-sockets/native-socket.ts';
import { encodeSocketAddress } from '../../host/native-sockets/socket-address.ts';
import type { Ports } from './engine-parts.ts';
import { dataOperation } from './packet.ts';
import type { ReadAhead } from './read-ahead.ts';
import { blockLength, type Local, type Peer, type Session } from './session.ts';
import { overhead, type TftpSettings } from './settings.ts';

/** A socket of the native door. Listeners serve strangers, and in single-port mode everybody. */
export interface NativePort {
  readonly socket: DatagramSocket;
  readonly interface: string | undefined;
  /** It has no one address to send from. */
  readonly isWildcard: boolean;
  /** A socket of one transfer. */
  session?: Session<NativePort>;
  readonly number: number;
}

export interface NativePortsParts {
  readonly door: Door;
  readonly settings: TftpSettings;
  readonly readAhead: ReadAhead;
  /** The memory of `readAhead`. */
  readonly memory: NativeMemory;
  readonly mtuOf: (local: Local) => number;
  /** The interface requests to this address come through. */
  readonly interfaceFor: (local: Local) => string | undefined;
  readonly onOpen: (port: NativePort) => void;
}

const sendBuffer = 512 * 1024;
const longestControl = 2048;
const none = new Uint8Array(0);

/** Sockets of transfers, and blocks on their way to them: a whole burst in one system call. */
export class NativePorts implements Ports<NativePort> {
  readonly #parts: NativePortsParts;
  readonly #batch;
  readonly #scratch: NativeMemory;
  /** Interfaces that refused to cut sends apart. */
  readonly #withoutSegments = new Set<number>();
  readonly #segmentControl = new Map<number, Uint8Array>();
  readonly #used = new Set<number>();
  #nextInRange = 0;

  constructor(parts: NativePortsParts) {
    this.#parts = parts;
    this.#batch = parts.door.sendBatch();
    this.#scratch = parts.door.memory(65_536);
  }

  open(local: Local): NativePort | undefined {
    const { ports } = this.#parts.settings;
    if (typeof ports === 'string') return this.#tryOpen(local, 0);
    const size = ports.last - ports.first + 1;
    for (let tried = 0; tried < size; tried += 1) {
      const number = ports.first + ((this.#nextInRange + tried) % size);
      if (this.#used.has(number)) continue;
      const port = this.#tryOpen(local, number);
      if (port === undefined) continue;
      this.#nextInRange = number - ports.first + 1;
      return port;
    }
    return undefined;
  }

  #tryOpen(local: Local, number: number): NativePort | undefined {
    const { door, settings } = this.#parts;
    const name = this.#parts.interfaceFor(local);
    try {
      const isLinkLocal = /^fe[89ab]/i.test(local.address);
      const socket = door.datagramSocket({
        local: { address: local.address, port: number, ...(isLinkLocal ? { scope: local.interfaceIndex } : {}) },
        ...(name === undefined ? {} : { interface: name }),
        ...(settings.codePoint === undefined ? {} : { codePoint: settings.codePoint }),
        sendBuffer,
      });
      const port: NativePort = { socket, interface: name, isWildcard: false, number };
      if (number !== 0) this.#used.add(number);
      this.#parts.onOpen(port);
      return port;
    } catch (error) {
      // No descriptor or no port left, or the address has just gone: the client will ask again.
      if (error instanceof SocketError) return undefined;
      throw error;
    }
  }

  close(port: NativePort): void {
    port.socket.close();
    if (port.number !== 0) this.#used.delete(port.number);
  }

  send(port: NativePort, to: Peer, from: Local, bytes: Uint8Array): void {
    const length = Math.min(bytes.length, longestControl);
    this.#scratch.bytes.set(bytes.subarray(0, length));
    const batch = this.#batch.clear().begin().piece(this.#scratch, 0, length);
    const control = port.isWildcard ? encodeControl([sendFrom(from)]) : none;
    const result = port.socket.sendEach(batch, rawOf(to), control);
    // An error of an earlier datagram is reported by this call, which then has sent nothing.
    if (result === -errno.ECONNREFUSED) port.socket.sendEach(batch, rawOf(to), control);
  }

  sendBlocks(session: Session<NativePort>, count: number): number {
    for (let index = 0; index < count; index += 1) {
      if (index === 0) this.#batch.clear();
      const block = session.transfer.next + index;
      this.#batch.begin().word(((dataOperation << 16) | session.transfer.wireNumber(block)) >>> 0);
      if (session.netascii === undefined) this.#addFileBlock(session, block);
      else this.#addTextBlock(session.netascii.block(block));
    }
    return this.#outcome(session, count);
  }

  #addFileBlock(session: Session<NativePort>, block: number): void {
    const { readAhead, memory } = this.#parts;
    const end = (block - 1) * session.negotiated.blockSize + blockLength(session, block);
    for (let at = (block - 1) * session.negotiated.blockSize; at < end; ) {
      const place = readAhead.locate(session.content, at, end - at);
      this.#batch.piece(memory, place.offset, place.length);
      at += place.length;
    }
  }

  #addTextBlock(bytes: Uint8Array): void {
    this.#scratch.bytes.set(bytes);
    this.#batch.piece(this.#scratch, 0, bytes.length);
  }

  #outcome(session: Session<NativePort>, count: number): number {
    const result = this.#sendBatch(session, count);
    if (result > 0) return result;
    if (result === -errno.EAGAIN || result === -errno.ENOBUFS) return 0;
    // No route, a firewall, a cable pulled: lost on the way, and sent again by the timer.
    return count;
  }

  #sendBatch(session: Session<NativePort>, count: number): number {
    const { port, peer, local } = session;
    if (count > 1 && this.#segments(session)) {
      const sent = port.socket.sendSegmented(this.#batch, rawOf(peer), this.#controlOf(session));
      if (sent !== -errno.EINVAL && sent !== -errno.EIO) return sent;
      this.#withoutSegments.add(local.interfaceIndex);
    }
    return port.socket.sendEach(this.#batch, rawOf(peer), port.isWildcard ? encodeControl([sendFrom(local)]) : none);
  }

  /** The kernel cuts sends apart only where a datagram then needs no fragments. */
  #segments({ local, negotiated }: Session<NativePort>): boolean {
    if (this.#withoutSegments.has(local.interfaceIndex)) return false;
    return negotiated.blockSize + overhead(local.address) <= this.#parts.mtuOf(local);
  }

  #controlOf({ port, local, negotiated }: Session<NativePort>): Uint8Array {
    const length = negotiated.blockSize + 4;
    if (port.isWildcard) return encodeControl([segmentsOf(length), sendFrom(local)]);
    const known = this.#segmentControl.get(length);
    if (known !== undefined) return known;
    const control = encodeControl([segmentsOf(length)]);
    if (this.#segmentControl.size < 64) this.#segmentControl.set(length, control);
    return control;
  }
}

const rawOf = (peer: Peer): Uint8Array => peer.raw ?? encodeSocketAddress(peer);
