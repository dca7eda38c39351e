import { openPlainSocket, type PlainSocket } from '../../host/plain-datagrams.ts';
import type { Engine } from './engine.ts';
import type { Ports } from './engine-parts.ts';
import { encodePacket } from './packet.ts';
import type { ReadAhead } from './read-ahead.ts';
import { blockLength, type Local, type Peer, type Session } from './session.ts';
import type { TftpSettings } from './settings.ts';

export interface PlainPort {
  socket: PlainSocket;
  session?: Session<PlainPort>;
  readonly number: number;
}

/** The same as `NativePorts` through `node:dgram`: one address, one system call for each block. */
export class PlainPorts implements Ports<PlainPort> {
  readonly #settings: TftpSettings;
  readonly #readAhead: ReadAhead;
  readonly #used = new Set<number>();
  #next = 0;
  /** Set when there is one: engine and ports need each other. */
  engine: Engine<PlainPort> | undefined;

  constructor(settings: TftpSettings, readAhead: ReadAhead) {
    this.#settings = settings;
    this.#readAhead = readAhead;
  }

  open(local: Local): PlainPort | undefined {
    const number = this.#freeNumber();
    if (number === undefined) return undefined;
    if (number !== 0) this.#used.add(number);
    const port = { number } as PlainPort;
    port.socket = openPlainSocket(local.address, number, (bytes, from) => this.#receive(port, bytes, from));
    return port;
  }

  #freeNumber(): number | undefined {
    const { ports } = this.#settings;
    if (typeof ports === 'string') return 0;
    const size = ports.last - ports.first + 1;
    for (let tried = 0; tried < size; tried += 1) {
      const number = ports.first + ((this.#next + tried) % size);
      if (this.#used.has(number)) continue;
      this.#next = number - ports.first + 1;
      return number;
    }
    return undefined;
  }

  #receive(port: PlainPort, bytes: Uint8Array, from: { readonly address: string; readonly port: number }): void {
    const { session } = port;
    if (session === undefined || this.engine === undefined) return;
    const peer = peerOf(from);
    if (peer.key === session.peer.key) this.engine.receive(session, bytes);
    else this.engine.receiveStranger(session, bytes, peer);
    flushAll(this.engine);
  }

  close(port: PlainPort): void {
    port.socket.close();
    this.#used.delete(port.number);
  }

  send(port: PlainPort, to: Peer, _from: Local, bytes: Uint8Array): void {
    port.socket.send(bytes, to.port, to.address);
  }

  sendBlocks(session: Session<PlainPort>, count: number): number {
    const { transfer, netascii, peer, port } = session;
    for (let index = 0; index < count; index += 1) {
      const number = transfer.next + index;
      const data = netascii?.block(number) ?? this.#fileBlock(session, number);
      port.socket.send(
        encodePacket({ type: 'data', block: transfer.wireNumber(number), data }),
        peer.port,
        peer.address,
      );
    }
    return count;
  }

  #fileBlock(session: Session<PlainPort>, number: number): Uint8Array {
    const data = new Uint8Array(blockLength(session, number));
    const start = (number - 1) * session.negotiated.blockSize;
    for (let done = 0; done < data.length; ) {
      const place = this.#readAhead.locate(session.content, start + done, data.length - done);
      data.set(this.#readAhead.memory.subarray(place.offset, place.offset + place.length), done);
      done += place.length;
    }
    return data;
  }
}

export function peerOf({ address, port }: { readonly address: string; readonly port: number }): Peer {
  return { address, port, key: `${address} ${port}` };
}

export function flushAll(engine: Engine<PlainPort>): void {
  while (engine.hasUnsent) engine.flush();
}
