import { type HttpsClient, type HttpsResponse, UntrustedServer } from '../../host/https-client.ts';
import { BootwrightError } from '../../model/error.ts';
import type { ProtocolError } from '../../model/protocol.ts';

/** What a server said instead of an answer. It is not signed: it is shown, and nothing is given up because of it. */
export class ServerRefusal extends BootwrightError {
  readonly status: number;
  readonly said: Partial<ProtocolError>;

  constructor(server: string, status: number, said: Partial<ProtocolError>) {
    const words = typeof said.message === 'string' ? `${said.code ?? ''} ${said.message}`.trim() : `status ${status}`;
    super('BW-AGENT-039', `${server} refused: ${words.slice(0, 500)}`, {
      ...(typeof said.fix === 'string' ? { fix: said.fix.slice(0, 500) } : {}),
    });
    this.status = status;
    this.said = said;
  }
}

export interface ServerRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** `/v1/hello` */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly signal?: AbortSignal;
  readonly silenceMilliseconds?: number;
}

/** Longer than the server holds back an answer it waits for. */
const silence = 40_000;
const mostReply = 32 * 2 ** 20;

/** The servers of a site: the one that answered last is asked first, the others when it does not answer. */
export class Servers {
  readonly #client: HttpsClient;
  #origins: string[];

  constructor(client: HttpsClient, origins: readonly string[]) {
    this.#client = client;
    this.#origins = [...origins];
  }

  /** All of them, the one that answered last in front. */
  get origins(): readonly string[] {
    return this.#origins;
  }

  /** Another order: where the machine is was found out, or has changed. */
  order(origins: readonly string[]): void {
    this.#origins = [...origins];
  }

  /**
   * Sends to the first server that answers, and reads JSON.
   *
   * @throws ServerRefusal (BW-AGENT-039), BW-AGENT-034 when none could be believed, BW-AGENT-035 when none answered
   */
  async json(request: ServerRequest): Promise<unknown> {
    return this.#first(async (origin) => {
      const response = await this.send(origin, request);
      const bytes = await whole(response.body);
      const value = parse(bytes);
      if (response.status < 400) return value;
      throw new ServerRefusal(origin, response.status, (value ?? {}) as Partial<ProtocolError>);
    }, request.signal);
  }

  /** One request to one server, whatever it answers. @throws what the network says */
  send(origin: string, { path, silenceMilliseconds = silence, ...rest }: ServerRequest): Promise<HttpsResponse> {
    return this.#client.send({ ...rest, url: new URL(path, origin), silenceMilliseconds });
  }

  /** The next one is asked first from now on. */
  giveUp(origin: string): void {
    const index = this.#origins.indexOf(origin);
    if (index >= 0) this.#origins.push(...this.#origins.splice(index, 1));
  }

  async #first<T>(ask: (origin: string) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const failures: Error[] = [];
    for (const origin of [...this.#origins]) {
      signal?.throwIfAborted();
      try {
        return await ask(origin);
      } catch (error) {
        if (error instanceof ServerRefusal && error.status < 500) throw error;
        signal?.throwIfAborted();
        failures.push(error as Error);
        this.giveUp(origin);
      }
    }
    throw noneOf(this.#origins, failures);
  }
}

function noneOf(origins: readonly string[], failures: readonly Error[]): BootwrightError {
  const said = failures.map(({ message }, index) => `${origins[index] ?? ''}: ${message}`).join('; ');
  const untrusted = failures.find((failure) => failure instanceof UntrustedServer);
  if (untrusted !== undefined)
    return new BootwrightError('BW-AGENT-034', `No server of the site was found. ${said}.`, { cause: untrusted });
  const refusal = failures.find((failure) => failure instanceof ServerRefusal);
  return refusal ?? new BootwrightError('BW-AGENT-035', `No server answers. ${said}.`, { cause: failures[0] });
}

async function whole(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of body) {
    size += piece.length;
    if (size > mostReply) throw new Error('the reply has no end');
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function parse(bytes: Uint8Array): unknown {
  if (bytes.length === 0) return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
