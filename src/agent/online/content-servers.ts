import { HttpClient, HttpsClient, type HttpsResponse, publicAuthorities } from '../../host/https-client.ts';
import type { AgentClock } from '../context.ts';
import type { Servers } from './servers.ts';

/** Opens content at the servers of the site; renewed when it has expired. */
export interface ContentToken {
  current(): Promise<string>;
  renew(): Promise<void>;
}

/** One place that may hold content under its hash. */
export interface ContentServer {
  /** For people: origin, or address of the folder. */
  readonly name: string;
  /** @throws what the network says */
  get(sha256: string, headers: Readonly<Record<string, string>>): Promise<HttpsResponse>;
}

export interface ContentServersOptions {
  /** Of the site: they want the token. */
  readonly servers: Servers;
  readonly token: ContentToken;
  /** Where they have it, the hash is appended; `/v1/content/` when absent. */
  readonly path?: string;
  /** Folders that `content distribute` published on any web server: base URLs. They never see the token. */
  readonly folders?: readonly string[];
  /** Of the site, PEM: folders may have a certificate from it, or from a public authority. */
  readonly authority?: string;
  /** Between us and those folders: `http://host:port`, and `user:password` where it wants one. */
  readonly proxy?: { readonly origin: string | undefined; readonly account: string | undefined };
  readonly clock: Pick<AgentClock, 'now'>;
}

const silence = 30_000;

/** Where content comes from, in the order it is asked for: published folders spare the servers of the site. */
export class ContentServers {
  readonly #options: ContentServersOptions;
  readonly #folders: ContentServer[];
  #client: { readonly http: HttpClient; readonly https: HttpsClient } | undefined;

  constructor(options: ContentServersOptions) {
    this.#options = options;
    this.#folders = (options.folders ?? []).map((base) => this.#folder(base));
  }

  /** All of them; who failed last comes last. */
  get all(): readonly ContentServer[] {
    return [...this.#folders, ...this.#options.servers.origins.map((origin) => this.#server(origin))];
  }

  /** Others of its kind are asked first from now on. */
  giveUp({ name }: ContentServer): void {
    const index = this.#folders.findIndex((folder) => folder.name === name);
    if (index >= 0) this.#folders.push(...this.#folders.splice(index, 1));
    else this.#options.servers.giveUp(name);
  }

  #server(origin: string): ContentServer {
    const { servers, token, path = '/v1/content/' } = this.#options;
    return {
      name: origin,
      async get(sha256, headers) {
        const ask = async (): Promise<HttpsResponse> =>
          servers.send(origin, {
            ...{ method: 'GET', path: `${path}${sha256}`, silenceMilliseconds: silence },
            headers: { ...headers, authorization: `Bearer ${await token.current()}` },
          });
        const response = await ask();
        if (response.status !== 401) return response;
        await discard(response);
        await token.renew();
        return ask();
      },
    };
  }

  #folder(base: string): ContentServer {
    return {
      name: base,
      get: (sha256, headers) => {
        const url = new URL(`sha256/${sha256.slice(0, 2)}/${sha256.slice(2)}`, base.endsWith('/') ? base : `${base}/`);
        const { http, https } = this.#clients();
        const client = url.protocol === 'http:' ? http : https;
        return client.send({ method: 'GET', url, headers, silenceMilliseconds: silence });
      },
    };
  }

  #clients() {
    if (this.#client === undefined) {
      const https = new HttpsClient(`${this.#options.authority ?? ''}\n${publicAuthorities()}`);
      https.checkDates(() => this.#options.clock.now());
      const http = new HttpClient();
      const { origin, account } = this.#options.proxy ?? {};
      for (const client of [http, https]) client.useProxy(origin, account);
      this.#client = { http, https };
    }
    return this.#client;
  }

  close(): void {
    this.#client?.http.close();
    this.#client?.https.close();
  }
}

/** Reads what is left of a short answer, so that the connection can be used again. */
export async function discard({ body }: HttpsResponse): Promise<void> {
  let size = 0;
  for await (const piece of body) {
    size += piece.length;
    if (size > 65_536) break;
  }
}
