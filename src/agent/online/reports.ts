import { exists, open, readText, sizeOf, writeAtomically } from '../../host/files.ts';
import { randomBytes } from '../../host/random.ts';
import { BootwrightError } from '../../model/error.ts';
import type { BootwrightEvent } from '../../model/event.ts';
import type { NetworkSettings } from '../../model/network.ts';
import type { AgentClock } from '../context.ts';
import type { RunReports } from '../deploy.ts';
import { stateFolder } from '../paths.ts';
import { ServerRefusal, type Servers } from './servers.ts';

/** `report.json` beside the saved state: what the other end of a restart needs to go on reporting. No secret. */
export interface SavedReports {
  readonly format: 'bootwright-reports/1';
  readonly run: string;
  readonly deployment: string;
  readonly servers: readonly string[];
  /** PEM. */
  readonly authority: string;
  /** How the servers were reached; an account for the proxy is kept with the secrets. */
  readonly network?: NetworkSettings;
  /** The highest serial of the site's policy that this run has seen. */
  readonly serial: number;
  /** Number of the first of `lines`. */
  readonly next: number;
  readonly lines: readonly string[];
}

const reportFile = `${stateFolder}/report.json`;

/** What an earlier start of a run left to be reported; `undefined` when there is nothing that can be used. */
export async function readSavedReports(root: string): Promise<SavedReports | undefined> {
  try {
    const saved = JSON.parse(await readText(`${root}/${reportFile}`)) as SavedReports;
    return saved.format === 'bootwright-reports/1' ? saved : undefined;
  } catch {
    return undefined;
  }
}

export interface ReportsOptions {
  readonly servers: Servers;
  /** Bearer of the run. */
  readonly session: string;
  readonly saved: SavedReports;
  readonly serial: () => number;
  readonly clock: AgentClock;
  /** Folder with `smsts.log`. */
  readonly logs: string;
  /** How long the last ones may take, in milliseconds. */
  readonly patience: number;
  readonly warn: (text: string) => void;
}

const mostLines = 1000;
const mostBytes = 1 << 20;
const logPiece = 4 << 20;
const gathering = 1000;
const pause = 5000;

/** A new run's first report: nothing yet. */
export function newReports(
  facts: Pick<SavedReports, 'deployment' | 'servers' | 'authority' | 'network'>,
): SavedReports {
  const run = Buffer.from(randomBytes(16)).toString('hex');
  return { format: 'bootwright-reports/1', run, ...facts, serial: 0, next: 0, lines: [] };
}

/**
 * Sends events to the server, in order and each once: they are numbered, and the server says which is the next. They
 * stay in memory until then, and beside the state of the run.
 */
export class Reports implements RunReports {
  readonly #options: ReportsOptions;
  /** Event number `#first + i` is `#lines[i]`: all of this start, should the server have lost some. */
  #first: number;
  readonly #lines: string[];
  readonly #stopped = new AbortController();
  #sent: number;
  #sending: Promise<void> | undefined;
  /** Lines of an earlier start, until the server has been asked what it got of that. */
  #earlier: number;
  #isRefused = false;

  constructor(options: ReportsOptions) {
    this.#options = options;
    this.#first = options.saved.next;
    this.#sent = this.#first;
    this.#lines = [...options.saved.lines];
    this.#earlier = options.saved.next === 0 ? 0 : this.#lines.length + 1;
  }

  /** As the server calls it: 32 hex digits. */
  get run(): string {
    return this.#options.saved.run;
  }

  add(event: BootwrightEvent): void {
    this.#lines.push(JSON.stringify(event));
  }

  /** Sends from now on, whenever there is something. */
  start(): void {
    this.#sending ??= this.#send();
  }

  async save(root: string): Promise<void> {
    const { saved, serial } = this.#options;
    const lines = this.#lines.slice(this.#sent - this.#first);
    const now: SavedReports = { ...saved, serial: serial(), next: this.#sent, lines };
    await writeAtomically(`${root}/${reportFile}`, JSON.stringify(now), 0o600);
  }

  async finish(): Promise<void> {
    const { clock, patience, warn } = this.#options;
    const end = clock.now().getTime() + patience;
    this.#stopped.abort();
    await this.#sending;
    const isOver = (): boolean => this.#isRefused || clock.now().getTime() >= end;
    for (;;) {
      try {
        while ((this.#waiting > 0 || this.#earlier > 0) && !this.#isRefused) await this.#sendSome();
        if (!this.#isRefused) await this.#sendLog();
        return;
      } catch (error) {
        this.#refusedBy(error);
        if (isOver()) return warn(`The server was not told everything: ${(error as Error).message}`);
        await clock.sleep(pause);
      }
    }
  }

  get #waiting(): number {
    return this.#lines.length - (this.#sent - this.#first);
  }

  async #send(): Promise<void> {
    const { signal } = this.#stopped;
    const { clock, warn } = this.#options;
    let isAway = false;
    while (!signal.aborted && !this.#isRefused) {
      try {
        if (this.#waiting > 0) await this.#sendSome();
        isAway = false;
        await clock.sleep(gathering, signal).catch(() => undefined);
      } catch (error) {
        this.#refusedBy(error);
        if (!isAway) warn(`Events wait to be sent: ${(error as Error).message}`);
        isAway = true;
        await clock.sleep(pause, signal).catch(() => undefined);
      }
    }
  }

  /**
   * An earlier start may have sent more than it had saved when the power went: ours are numbered behind that, so that
   * none of them passes for one the server has.
   */
  async #align(): Promise<void> {
    const earlier = this.#earlier - 1;
    const body = this.#lines.slice(0, earlier).map((line) => `${line}\n`);
    const path = `/v1/runs/${this.#options.saved.run}/events?from=${this.#first}`;
    const next = await this.#put('POST', path, Buffer.from(body.join('')));
    // Less than there was: it lost something, and asks again from there.
    if (next >= this.#first + earlier) {
      this.#lines.splice(0, earlier);
      this.#first = next;
      this.#sent = next;
    }
    this.#earlier = 0;
  }

  async #sendSome(): Promise<void> {
    if (this.#earlier > 0) return this.#align();
    const batch: string[] = [];
    let bytes = 0;
    for (const line of this.#lines.slice(this.#sent - this.#first, this.#sent - this.#first + mostLines)) {
      bytes += line.length;
      if (batch.length > 0 && bytes > mostBytes) break;
      batch.push(line);
    }
    const path = `/v1/runs/${this.#options.saved.run}/events?from=${this.#sent}`;
    const next = await this.#put('POST', path, Buffer.from(`${batch.join('\n')}\n`));
    if (next < this.#first || next > this.#first + this.#lines.length)
      throw new BootwrightError('BW-AGENT-039', `The server wants event ${next}, which is not here.`);
    this.#sent = next;
  }

  async #sendLog(): Promise<void> {
    const path = `${this.#options.logs}/smsts.log`;
    if (!(await exists(path))) return;
    const size = await sizeOf(path);
    const file = await open(path, 'r');
    try {
      for (let offset = 0; offset < size; ) {
        const piece = Buffer.alloc(Math.min(logPiece, size - offset));
        const { bytesRead } = await file.read(piece, 0, piece.length, offset);
        const url = `/v1/runs/${this.#options.saved.run}/log?offset=${offset}`;
        const next = await this.#put('PUT', url, piece.subarray(0, bytesRead));
        // A server that stored more than there is has the log of before it was cut: nothing is to be added.
        if (next <= offset) break;
        offset = next;
      }
    } finally {
      await file.close();
    }
  }

  /** The number to go on with, from an answer or from a refusal that names one. */
  async #put(method: 'POST' | 'PUT', path: string, body: Uint8Array): Promise<number> {
    const { servers, session } = this.#options;
    const headers = { authorization: `Bearer ${session}` };
    const reply = await servers.json({ method, path, body, headers }).catch((error: unknown) => {
      if (error instanceof ServerRefusal && error.status === 409) return error.said;
      throw error;
    });
    const next = (reply as { next?: unknown } | undefined)?.next;
    if (Number.isSafeInteger(next)) return next as number;
    throw new BootwrightError('BW-AGENT-039', 'The server did not say which event is the next.');
  }

  /** Some refusals do not go away by asking again. */
  #refusedBy(error: unknown): void {
    if (error instanceof ServerRefusal && error.status < 500 && error.status !== 429) this.#isRefused = true;
  }
}
