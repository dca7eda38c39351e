import { createHash, type Hash } from 'node:crypto';
import { BootwrightError } from '../../model/error.ts';
import type { AgentClock } from '../context.ts';
import { type ContentServer, type ContentServers, discard } from './content-servers.ts';

export interface TransferOptions {
  readonly servers: ContentServers;
  readonly clock: AgentClock;
  readonly sha256: string;
  readonly warn: (text: string) => void;
  /** Milliseconds without a single byte before it is given up; 0 asks each server once. */
  readonly patience?: number;
  /** A server that gives less in this time is left for another one, as long as there is another one. */
  readonly slowest?: { readonly bytes: number; readonly milliseconds: number };
}

/** A server that is restarted takes a minute. */
const usualPatience = 10 * 60_000;
const pause = 3000;
/** How often a server may stop in the middle when no other one may go on for it. */
const mostCutOff = 10;
const usualSlowest = { bytes: 2 ** 20, milliseconds: 20_000 };

/** What came so far cannot become the right file: begin again. The message says why. */
export class StartAnew extends Error {
  /** Somebody sent wrong bytes. */
  readonly wrong: boolean;

  constructor(message: string, wrong = true) {
    super(message);
    this.wrong = wrong;
  }
}

class TooSlow extends Error {}

/** What has come of a file, hashed. */
export interface Begun {
  readonly hash: Hash;
  readonly size: number;
}

/**
 * Brings the bytes of one file from whoever has them: goes on at another server when one dies, is slow, or does not have
 * it. When the hash is wrong in the end, the server that sent all of it is not asked for this file again; when several had
 * a part in it, one of them has to send all of it the next time.
 */
export class Transfer {
  readonly #options: TransferOptions;
  /** Servers that sent wrong bytes, or refuse: never asked again. */
  readonly #excluded = new Map<string, string>();
  readonly #slow = new Set<string>();
  #senders = new Set<string>();
  #mayMix = true;
  #cutOff = 0;
  #lastByte: number;

  constructor(options: TransferOptions) {
    this.#options = options;
    this.#lastByte = options.clock.now().getTime();
  }

  /**
   * The bytes behind those that are here already. They are right when this ends, not before.
   *
   * @throws StartAnew, BW-AGENT-040 when no server has them
   */
  async *pieces(begun: Begun = { hash: createHash('sha256'), size: 0 }): AsyncGenerator<Uint8Array> {
    const { servers, sha256, clock, warn, patience = usualPatience } = this.#options;
    const here = { hash: begun.hash, size: begun.size };
    this.#senders = new Set(begun.size > 0 ? ['an earlier start'] : []);
    let failed = '';
    for (let asked = new Set<string>(); ; ) {
      const server = this.#candidates().find(({ name }) => !asked.has(name));
      if (server === undefined) {
        if (this.#candidates().length === 0 || clock.now().getTime() - this.#lastByte >= patience) throw this.#nobody();
        asked = new Set();
        await clock.sleep(pause);
        continue;
      }
      asked.add(server.name);
      if (server.name === failed) await clock.sleep(pause);
      const before = here.size;
      try {
        for await (const piece of this.#from(server, here)) {
          here.hash.update(piece);
          here.size += piece.length;
          this.#senders.add(server.name);
          this.#lastByte = clock.now().getTime();
          yield piece;
        }
        this.#senders.add(server.name);
        if (here.hash.copy().digest('hex') === sha256) return;
      } catch (error) {
        const { message } = error as Error;
        warn(`${server.name}: content ${sha256.slice(0, 12)}…: ${message} (${here.size} bytes so far)`);
        if (error instanceof TooSlow) this.#slow.add(server.name);
        servers.giveUp(server);
        failed = server.name;
        if (here.size === before) continue;
        // Who gave something may give the rest, too.
        asked = new Set(error instanceof TooSlow ? [server.name] : []);
        if (this.#mayMix) continue;
        this.#cutOff += 1;
        if (this.#cutOff > mostCutOff) throw this.#nobody();
        throw new StartAnew('one server has to send all of it', false);
      }
      throw new StartAnew(`${[...this.#senders].join(' and ')} sent something with another hash`);
    }
  }

  /** Whose fault it is that what came since `pieces` began was wrong, as far as that can be told. */
  blame(): void {
    const [only, ...others] = this.#senders;
    if (others.length > 0 || only === undefined) this.#mayMix = false;
    else this.#excluded.set(only, 'it sends other bytes');
  }

  #candidates(): readonly ContentServer[] {
    const left = this.#options.servers.all.filter(({ name }) => !this.#excluded.has(name));
    return [...left.filter(({ name }) => !this.#slow.has(name)), ...left.filter(({ name }) => this.#slow.has(name))];
  }

  async *#from(server: ContentServer, here: { readonly size: number }): AsyncGenerator<Uint8Array> {
    const { sha256, clock, slowest = usualSlowest } = this.#options;
    const start = here.size;
    const range = start === 0 ? undefined : { range: `bytes=${start}-`, 'if-range': `"${sha256}"` };
    const response = await server.get(sha256, range ?? {});
    const { status, headers, body } = response;
    // A server without ranges sends all of it; the hash will say whether its beginning was the same.
    let skipped = status === 200 ? start : 0;
    if (status === 206) {
      if (!headers['content-range']?.startsWith(`bytes ${start}-`)) {
        await discard(response);
        throw new Error('it sent another range than the one asked for');
      }
    } else if (status !== 200) {
      await discard(response);
      // Everything is here already, or more than there is: only the hash can tell.
      if (status === 416 && start > 0) return;
      if (status === 401 || status === 403) this.#excluded.set(server.name, `it refuses (${status})`);
      throw new Error(`status ${status}`);
    }
    const source = body[Symbol.asyncIterator]();
    try {
      for (let waited = 0, received = 0; ; ) {
        const asked = clock.now().getTime();
        const next = await source.next();
        if (next.done === true) return;
        waited += clock.now().getTime() - asked;
        received += next.value.length;
        const piece = next.value.subarray(skipped);
        skipped -= next.value.length - piece.length;
        if (piece.length > 0) yield piece;
        if (waited < slowest.milliseconds) continue;
        if (received < slowest.bytes && this.#hasFaster(server)) throw new TooSlow('it is too slow');
        waited = 0;
        received = 0;
      }
    } finally {
      await source.return?.();
    }
  }

  #hasFaster({ name }: ContentServer): boolean {
    return this.#candidates().some((other) => other.name !== name && !this.#slow.has(other.name));
  }

  #nobody(): BootwrightError {
    const { sha256, servers } = this.#options;
    const said = servers.all.map(
      ({ name }) => `${name}: ${this.#excluded.get(name) ?? 'it does not have it, or is away'}`,
    );
    return new BootwrightError('BW-AGENT-040', `The content ${sha256} could not be fetched. ${said.join('; ')}.`);
  }
}
