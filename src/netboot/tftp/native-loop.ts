import type { Door } from '../../host/native-sockets/door.ts';
import { errno } from '../../host/native-sockets/linux.ts';
import type { Poller } from '../../host/native-sockets/poller.ts';
import type { ReceiveBatch } from '../../host/native-sockets/receive-batch.ts';
import { decodeSocketAddress } from '../../host/native-sockets/socket-address.ts';
import type { Engine } from './engine.ts';
import type { NativePort } from './native-ports.ts';
import type { Bound } from './protocol.ts';
import type { Local, Peer, Session } from './session.ts';
import { type Listen, type TftpSettings, tftpPort } from './settings.ts';

/** Four times 1,000 requests at once, with the kernel's own share per datagram. */
const receiveBuffer = 4 * 1024 * 1024;
const tickMilliseconds = 25;
const idleMilliseconds = 1000;

/** Opens the service's own sockets, all of them or none. @throws SocketError */
export function openListeners(door: Door, settings: TftpSettings): NativePort[] {
  const ports: NativePort[] = [];
  for (const listen of settings.listen) {
    for (const address of listen.address === undefined ? ['0.0.0.0', '::'] : [listen.address]) {
      try {
        ports.push(openListener(door, settings, listen, address));
      } catch (error) {
        // Systems without IPv6 have no such address; IPv4 then serves alone.
        if (address === '::' && listen.address === undefined) continue;
        for (const port of ports) port.socket.close();
        throw error;
      }
    }
  }
  return ports;
}

function openListener(door: Door, settings: TftpSettings, listen: Listen, address: string): NativePort {
  const socket = door.datagramSocket({
    local: { address, port: listen.port ?? tftpPort },
    ...(listen.interface === undefined ? {} : { interface: listen.interface }),
    ...(settings.codePoint === undefined ? {} : { codePoint: settings.codePoint }),
    ...{ packetInformation: true, receiveBuffer, sendBuffer: receiveBuffer },
  });
  return { socket, interface: listen.interface, isWildcard: address === '0.0.0.0' || address === '::', number: 0 };
}

export function boundOf({ socket, interface: name }: NativePort): Bound {
  const { address, port } = socket.local;
  return { address, port, ...(name === undefined ? {} : { interface: name }) };
}

export interface NativeLoopParts {
  readonly poller: Poller;
  readonly requests: ReceiveBatch;
  readonly answers: ReceiveBatch;
  readonly engine: Engine<NativePort>;
  readonly now: () => number;
  /** Called when the thread was woken up; true ends the loop. */
  readonly onWake: () => boolean;
}

/** Waits, receives, sends; one round serves every socket that has something once. */
export class NativeLoop {
  readonly #parts: NativeLoopParts;
  readonly #ports = new Map<number, NativePort>();
  readonly #listenerOf = new Map<string, NativePort>();
  #lastToken = 0;

  constructor(parts: NativeLoopParts) {
    this.#parts = parts;
    parts.engine.onSession = (session) => {
      if (session.ownsPort) session.port.session = session;
    };
  }

  add(port: NativePort): void {
    // Numbers come round after four thousand million transfers; by then the old ones are long closed.
    this.#lastToken = (this.#lastToken + 1) % 0xffff_fff0;
    this.#ports.set(this.#lastToken, port);
    this.#parts.poller.add(port.socket, this.#lastToken);
  }

  run(): void {
    const { engine, poller, now, onWake } = this.#parts;
    let lastTick = now();
    let isTaken = true;
    for (;;) {
      const active = engine.activeTransfers > 0 ? tickMilliseconds : idleMilliseconds;
      // Sockets that took nothing more are tried again in a moment; their buffers empty at the speed of the line.
      const wait = engine.hasUnsent ? (isTaken ? 0 : 1) : active;
      const isWoken = poller.wait(wait, (token, hasReport) => this.#serve(token, hasReport));
      if (isWoken && onWake()) return;
      isTaken = engine.flush();
      const time = now();
      if (time - lastTick < tickMilliseconds) continue;
      lastTick = time;
      engine.tick();
      this.#forgetClosed();
    }
  }

  /** Closed sockets have left the poller by themselves. */
  #forgetClosed(): void {
    for (const [token, port] of this.#ports) if (port.session?.isEnded === true) this.#ports.delete(token);
  }

  #serve(token: number, hasReport: boolean): void {
    const port = this.#ports.get(token);
    if (port === undefined) return;
    if (hasReport) this.#readReports(port);
    if (port.session === undefined) this.#receiveRequests(port);
    else this.#receiveAnswers(port, port.session);
  }

  #receiveRequests(port: NativePort): void {
    const { requests, engine } = this.#parts;
    const count = port.socket.receive(requests);
    for (let index = 0; index < count; index += 1) {
      const peer = peerOf(requests.rawFrom(index));
      const local = requests.to(index);
      if (peer !== undefined && local !== undefined) this.#request(engine, port, requests.bytes(index), peer, local);
    }
  }

  #request(engine: Engine<NativePort>, port: NativePort, bytes: Uint8Array, peer: Peer, local: Local): void {
    if (port.interface !== undefined) this.#listenerOf.set(`${local.interfaceIndex}`, port);
    engine.receiveRequest(port, bytes, peer, local);
  }

  /** The interface transfers that came this way are bound to. */
  interfaceFor(local: Local): string | undefined {
    return this.#listenerOf.get(`${local.interfaceIndex}`)?.interface;
  }

  #receiveAnswers(port: NativePort, session: Session<NativePort>): void {
    const { answers, engine } = this.#parts;
    const count = port.socket.receive(answers);
    for (let index = 0; index < count; index += 1) {
      if (answers.isFrom(index, session.peer.raw!)) engine.receive(session, answers.bytes(index));
      else {
        const stranger = peerOf(answers.rawFrom(index));
        if (stranger !== undefined) engine.receiveStranger(session, answers.bytes(index), stranger);
      }
    }
  }

  #readReports(port: NativePort): void {
    const { answers, engine } = this.#parts;
    for (const { error, rawTo } of port.socket.reports(answers)) {
      const peer = error === errno.ECONNREFUSED ? peerOf(rawTo) : undefined;
      if (peer === undefined) continue;
      if (port.session === undefined) engine.unreachablePeer(peer.key);
      else if (port.session.peer.key === peer.key) engine.unreachable(port.session);
    }
  }
}

function peerOf(raw: Uint8Array): Peer | undefined {
  const decoded = decodeSocketAddress(raw);
  if (decoded === undefined) return undefined;
  const kept = raw.slice();
  return { ...decoded, raw: kept, key: Buffer.from(kept.buffer).toString('latin1') };
}
