import { BoundedMap } from './bounded-map.ts';
import { ClientMemory } from './client-memory.ts';
import { type Content, ContentChanged } from './content.ts';
import type { EngineParts } from './engine-parts.ts';
import { judgeRequest, type Refusal } from './judge-request.ts';
import { Meter } from './metrics.ts';
import { remap } from './names.ts';
import { isNetascii, negotiate } from './options.ts';
import { encodePacket, errorCodes, errorPacket, type Request } from './packet.ts';
import { RateLimit } from './rate-limit.ts';
import type { TransferRecord } from './record.ts';
import { burstOf, SendQueue } from './send-queue.ts';
import { type Local, NetasciiText, type Peer, type Session } from './session.ts';
import { Transfer, type TransferAction, type TransferEvent } from './transfer.ts';

/** A request on its way from the name to the content. */
interface Asked<Port> {
  readonly listener: Port;
  readonly key: string;
  readonly peer: Peer;
  readonly local: Local;
  readonly bytes: Uint8Array;
  readonly request: Request;
  readonly path: string;
}

const forgottenAfter = 60_000;

/** All transfers of one service: decides about requests, and leads every transfer by its own rules. */
export class Engine<Port> {
  readonly meter = new Meter();
  readonly #parts: EngineParts<Port>;
  readonly #rates: RateLimit;
  readonly #memory = new ClientMemory();
  readonly #told = new BoundedMap<number>(4096);
  readonly #sessions = new Map<string, Session<Port>>();
  /** Requests whose file is still looked for. */
  readonly #opening = new Map<string, Uint8Array>();
  readonly #queue = new SendQueue<Port>();

  constructor(parts: EngineParts<Port>) {
    this.#parts = parts;
    this.#rates = new RateLimit(parts.settings.requestsPerSecondAndClient, parts.settings.requestsPerSecond);
  }

  get activeTransfers(): number {
    return this.#sessions.size + this.#opening.size;
  }

  get hasUnsent(): boolean {
    return !this.#queue.isEmpty;
  }

  /** A datagram came to the service's own port. */
  receiveRequest(listener: Port, bytes: Uint8Array, peer: Peer, local: Local): void {
    const key = `${peer.key}>${local.address}`;
    const session = this.#parts.settings.singlePort ? this.#sessions.get(key) : undefined;
    const judgement = judgeRequest(bytes);
    if ('drop' in judgement) {
      if (session === undefined) this.#drop(judgement.drop);
      else this.receive(session, bytes);
    } else if (!this.#rates.admits(peer.address, this.#parts.now())) this.#drop('rate');
    else if ('refuse' in judgement) this.#refuse(listener, judgement.refuse, peer, local);
    else if (this.#isDuplicate(key, bytes)) return;
    else if (this.activeTransfers >= this.#parts.settings.maximumTransfers) this.#drop('transfers');
    else this.#lookUp({ listener, key, peer, local, bytes: bytes.slice(), ...judgement });
  }

  #lookUp(asked: Asked<Port>): void {
    const { key, peer, local, bytes, path, request, listener } = asked;
    this.#opening.set(key, bytes);
    this.#parts.lookUp(remap(path, this.#parts.settings.remap), peer, local, (found) => {
      // The client has asked for something else meanwhile, or the service was stopped.
      const isWanted = this.#opening.get(key) === bytes;
      if (isWanted) this.#opening.delete(key);
      if ('content' in found) {
        if (isWanted) this.#begin(asked, found.content);
        else found.content.release();
      } else if (isWanted) {
        const isDenied = found.refused === 'denied';
        const code = isDenied ? errorCodes.accessViolation : errorCodes.notFound;
        const text = found.text ?? (isDenied ? 'access violation' : 'file not found');
        this.#refuse(listener, { outcome: found.refused, name: request.file, code, text }, peer, local);
      }
    });
  }

  #refuse(listener: Port, { outcome, name, code, text }: Refusal, peer: Peer, local: Local): void {
    this.#parts.ports.send(listener, peer, local, errorPacket(code, text));
    this.#recordRefusal(outcome, name, peer, local);
  }

  /** The same request again is the client's impatience; another one from the same port means it has given up the first. */
  #isDuplicate(key: string, bytes: Uint8Array): boolean {
    const session = this.#sessions.get(key);
    if (session !== undefined) {
      // Our own timer repeats the answer. After the first acknowledgement it is an old packet that went astray; only where
      // one port serves all it has to be a new beginning, because the client cannot tell the two transfers apart.
      const isNew = this.#parts.settings.singlePort && !session.transfer.isHalfOpen;
      if (sameBytes(session.request, bytes) && !isNew) return true;
      this.#end(session, 'replaced');
      return false;
    }
    const opening = this.#opening.get(key);
    return opening !== undefined && sameBytes(opening, bytes);
  }

  #begin({ listener, request, bytes, key, peer, local }: Asked<Port>, content: Content): void {
    const { settings, ports, now } = this.#parts;
    const port = settings.singlePort ? listener : ports.open(local);
    if (port === undefined) {
      content.release();
      this.#drop('ports');
      return;
    }
    const isText = isNetascii(request.mode);
    const limits = this.#memory.limits(peer.address, this.#parts.limits(local, peer), now());
    const negotiated = negotiate(request, limits, isText ? undefined : content.size, settings.rollover);
    const { blockSize, windowSize, timeout, rollover, acknowledged } = negotiated;
    const lastBlock = isText ? undefined : Math.floor(content.size / blockSize) + 1;
    const session: Session<Port> = {
      ...{
        peer,
        local,
        port,
        ownsPort: !settings.singlePort,
        key,
        name: request.file,
        request: bytes,
        content,
        negotiated,
      },
      startedAt: now(),
      transfer: new Transfer(
        { windowSize, lastBlock, answersOptions: acknowledged.length > 0, timeout, rollover },
        now(),
      ),
      netascii: isText ? new NetasciiText(content, blockSize, this.#parts.readAhead) : undefined,
      ...{ isQueued: false, isEnded: false },
    };
    this.#sessions.set(key, session);
    this.onSession?.(session);
    this.#act(session, session.transfer.start());
  }

  /** Told of each session that begins, for loops that find sessions by their ports. */
  onSession: ((session: Session<Port>) => void) | undefined;

  /** A datagram of the client of this transfer. */
  receive(session: Session<Port>, bytes: Uint8Array): void {
    if (session.isEnded || bytes.length < 4 || bytes[0] !== 0) return;
    if (bytes[1] === 4) {
      const block = (bytes[2]! << 8) | bytes[3]!;
      this.#handle(session, { type: 'acknowledgement', block, now: this.#parts.now() });
    } else if (bytes[1] === 5) {
      this.#handle(session, { type: 'error', code: (bytes[2]! << 8) | bytes[3]! });
    }
  }

  /** A datagram from somebody else came to the port of a transfer: it is told so, once, and nothing happens to the transfer. */
  receiveStranger(session: Session<Port>, bytes: Uint8Array, stranger: Peer): void {
    if (bytes.length < 4 || bytes[1] === 5 || !this.#rates.admits(stranger.address, this.#parts.now())) return;
    const answer = errorPacket(errorCodes.unknownTransfer, 'unknown transfer');
    this.#parts.ports.send(session.port, stranger, session.local, answer);
  }

  /** Nobody listens at the client's port any more. */
  unreachable(session: Session<Port>): void {
    this.#handle(session, { type: 'unreachable' });
  }

  /** The same, where one port serves all. */
  unreachablePeer(key: string): void {
    for (const session of this.#sessions.values()) if (session.peer.key === key) this.unreachable(session);
  }

  /** To be called every few hundredths of a second while there are transfers. */
  tick(): void {
    const now = this.#parts.now();
    for (const session of this.#sessions.values()) {
      if (now >= session.transfer.deadline) this.#handle(session, { type: 'tick', now });
    }
  }

  #handle(session: Session<Port>, event: TransferEvent): void {
    if (!session.isEnded) this.#act(session, session.transfer.handle(event));
  }

  #act(session: Session<Port>, action: TransferAction): void {
    const { ports } = this.#parts;
    switch (action.type) {
      case 'nothing':
        return;
      case 'send-options': {
        const answer = encodePacket({ type: 'options', options: session.negotiated.acknowledged });
        ports.send(session.port, session.peer, session.local, answer);
        return;
      }
      case 'send-window':
        this.#queue.add(session);
        return;
      case 'end':
        if (action.outcome === 'timeout') this.#sendError(session, 'timeout');
        this.#end(session, action.outcome);
    }
  }

  /** Sends one burst of each transfer; says whether the sockets took it all, else it is worth trying again in a moment. */
  flush(): boolean {
    return this.#queue.round((session) => this.#sendBurst(session));
  }

  #sendBurst(session: Session<Port>): boolean {
    const { transfer, negotiated } = session;
    const burst = burstOf(negotiated.blockSize, transfer.isLossy);
    try {
      const sent = this.#parts.ports.sendBlocks(session, Math.min(burst, transfer.windowEnd - transfer.next + 1));
      if (sent === 0) return false;
      if (session.netascii?.isLast(transfer.next) === true) transfer.lastBlock = transfer.next;
      transfer.sent(sent, this.#parts.now());
      return true;
    } catch (error) {
      if (!(error instanceof ContentChanged)) throw error;
      this.#sendError(session, 'file changed');
      this.#end(session, 'file-changed');
      return true;
    }
  }

  #sendError(session: Session<Port>, text: string): void {
    this.#parts.ports.send(session.port, session.peer, session.local, errorPacket(errorCodes.other, text));
  }

  /** Ends every transfer. */
  stop(): void {
    this.#opening.clear();
    for (const session of [...this.#sessions.values()]) {
      this.#sendError(session, 'the service was stopped');
      this.#end(session, 'stopped');
    }
  }

  #end(session: Session<Port>, outcome: TransferRecord['outcome']): void {
    const { transfer, negotiated, content } = session;
    const now = this.#parts.now();
    session.isEnded = true;
    this.#sessions.delete(session.key);
    if (session.ownsPort) this.#parts.ports.close(session.port);
    const { blockSize, windowSize } = negotiated;
    const nothingArrived = outcome === 'timeout' && !transfer.isHalfOpen && transfer.acknowledged === 0;
    this.#memory.learn(session.peer.address, { blockSize, windowSize, isLossy: transfer.isLossy, nothingArrived }, now);
    const bytes =
      session.netascii?.bytesUpTo(transfer.acknowledged) ?? Math.min(transfer.acknowledged * blockSize, content.size);
    this.#record({
      ...identity(session.name, session.peer, session.local),
      ...{ outcome, isRepeated: false, size: content.size, bytes, blockSize, windowSize },
      milliseconds: now - session.startedAt,
      ...{ resentBlocks: transfer.counts.resent, timeouts: transfer.counts.timeouts, gaps: transfer.counts.gaps },
    });
    content.release();
  }

  #recordRefusal(outcome: TransferRecord['outcome'], name: string, peer: Peer, local: Local): void {
    const now = this.#parts.now();
    const about = `${peer.address} ${outcome} ${name}`;
    const isRepeated = now - (this.#told.get(about) ?? Number.NEGATIVE_INFINITY) < forgottenAfter;
    if (!isRepeated) this.#told.set(about, now);
    const nothing = { bytes: 0, milliseconds: 0, resentBlocks: 0, timeouts: 0, gaps: 0 };
    this.#record({ ...identity(name, peer, local), outcome, isRepeated, ...nothing });
  }

  #record(record: TransferRecord): void {
    this.meter.count(record);
    this.#parts.onRecord(record);
  }

  #drop(reason: keyof Meter['dropped']): void {
    this.meter.dropped[reason] += 1;
  }
}

const identity = (name: string, peer: Peer, local: Local) => ({
  client: peer.address,
  port: peer.port,
  local: local.address,
  name: name.replace(/[^\x20-\x7e]/g, '?').slice(0, 255),
});

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
