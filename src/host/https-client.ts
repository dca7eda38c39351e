import { X509Certificate as X509, type X509Certificate } from 'node:crypto';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect, rootCertificates, type TLSSocket } from 'node:tls';

/** The certificate the other end showed is not one to believe; the message says why. Nothing was sent to it. */
export class UntrustedServer extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'UntrustedServer';
  }
}

export interface HttpsRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Silence on the connection for that long is a failure. */
  readonly silenceMilliseconds: number;
  readonly signal?: AbortSignal;
}

export interface HttpsResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * HTTPS to servers whose certificate comes from one authority. Node's own check is not used because it looks at dates
 * first: a machine whose clock is years off could not even ask for the time.
 */
export class HttpsClient {
  readonly #authorities: readonly X509Certificate[];
  readonly #agent: Agent;
  #dates: (() => Date) | undefined;
  #proxy: Proxy | undefined;

  readonly #addresses: ReadonlyMap<string, string>;

  /** `addresses`: of names that need not be asked for. @throws when the text is not a list of certificates in PEM */
  constructor(authorities: string, addresses: ReadonlyMap<string, string> = new Map()) {
    this.#addresses = addresses;
    const found = authorities.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
    if (found.length === 0) throw new Error('there is no certificate in it');
    this.#authorities = found.map((pem) => new X509(pem));
    const agent = new Agent({ keepAlive: true, maxSockets: 4 });
    // The documented way to bring a socket of one's own: it is handed over when it has been checked, before a byte is sent.
    agent.createConnection = (options, done) => {
      this.#connect(options.host ?? '', Number(options.port)).then(
        (socket) => done?.(null, socket),
        (error: Error) => done?.(error, undefined as never),
      );
      return undefined;
    };
    this.#agent = agent;
  }

  /**
   * From now on connections are made by a proxy (CONNECT), which also looks up the names. `undefined`: none.
   *
   * @param origin `http://host:port`
   * @param account `user:password`
   */
  useProxy(origin: string | undefined, account?: string): void {
    this.#proxy = proxyOf(origin, account);
    this.#agent.destroy();
  }

  /** From now on a certificate's dates count, compared with this clock. */
  checkDates(now: () => Date): void {
    this.#dates = now;
    // Connections that were made before have not been looked at that way.
    this.#agent.destroy();
  }

  /** @throws UntrustedServer, or what the network says */
  send(asked: HttpsRequest): Promise<HttpsResponse> {
    return exchange(this.#agent, 443, asked);
  }

  close(): void {
    this.#agent.destroy();
  }

  async #connect(host: string, port: number): Promise<TLSSocket> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const direct = { host: this.#addresses.get(host) ?? host, port };
    const way = this.#proxy === undefined ? direct : { socket: await throughProxy(this.#proxy, host, port) };
    const socket = connect({
      ...{ ...way, rejectUnauthorized: false, minVersion: 'TLSv1.2', timeout: 10_000 },
      ...(isIP(host) === 0 ? { servername: host } : {}),
    });
    socket.once('secureConnect', resolve);
    socket.once('timeout', () => socket.destroy(new Error('nobody answers')));
    socket.on('error', reject);
    await promise;
    socket.setTimeout(0);
    try {
      this.#check(socket.getPeerX509Certificate(), host);
      return socket;
    } catch (error) {
      socket.destroy();
      throw error;
    }
  }

  #check(shown: X509Certificate | undefined, host: string): void {
    if (shown === undefined) throw new UntrustedServer('it shows no certificate');
    const name = isIP(host) === 0 ? shown.checkHost(host) : shown.checkIP(host);
    if (name === undefined) throw new UntrustedServer(`its certificate is for ${shown.subjectAltName ?? 'nobody'}`);
    const at = this.#dates?.().getTime();
    let current = shown;
    for (let depth = 0; depth < 5; depth += 1) {
      if (at !== undefined && (at < current.validFromDate.getTime() || at > current.validToDate.getTime()))
        throw new UntrustedServer(`its certificate is valid from ${current.validFrom} to ${current.validTo}`);
      if (this.#authorities.some((authority) => isIssuedBy(current, authority))) return;
      const issuer = current.issuerCertificate;
      if (issuer === undefined || !issuer.ca || !isIssuedBy(current, issuer)) break;
      current = issuer;
    }
    throw new UntrustedServer('its certificate does not come from the authority that is known here');
  }
}

/** HTTP to servers that are not believed in anything: what comes is compared with a hash. */
export class HttpClient {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 4 });
  #proxy: Proxy | undefined;

  /** As that of `HttpsClient`; the proxy is asked for the whole address (RFC 9112, section 3.2.2). */
  useProxy(origin: string | undefined, account?: string): void {
    this.#proxy = proxyOf(origin, account);
  }

  /** @throws what the network says */
  send(asked: HttpsRequest): Promise<HttpsResponse> {
    if (this.#proxy === undefined) return exchange(this.#agent, 80, asked);
    const { url, account } = this.#proxy;
    const headers = { ...asked.headers, ...(account === undefined ? {} : { 'proxy-authorization': basic(account) }) };
    const to = { host: hostOf(url), port: url.port || 80, path: asked.url.href };
    return exchange(this.#agent, 80, { ...asked, headers }, to);
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** Certificates of the public authorities, PEM: web servers outside of the site have theirs from them. */
export function publicAuthorities(): string {
  return rootCertificates.join('\n');
}

async function exchange(
  agent: Agent,
  port: number,
  { method, url, headers, body, silenceMilliseconds, signal }: HttpsRequest,
  to: object = { host: hostOf(url), port: url.port || port, path: url.pathname + url.search },
): Promise<HttpsResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const sent = request({
    ...{ agent, method, ...to },
    headers: { host: url.host, ...(body === undefined ? {} : { 'content-length': body.length }), ...headers },
    ...(signal === undefined ? {} : { signal }),
  });
  sent.setTimeout(silenceMilliseconds, () => sent.destroy(new Error('the server is silent')));
  sent.once('response', resolve);
  sent.on('error', reject);
  sent.end(body);
  const response = await promise;
  const single = ([name, value]: [string, string | string[] | undefined]): [string, string | undefined] => [
    name,
    Array.isArray(value) ? value[0] : value,
  ];
  return {
    status: response.statusCode ?? 0,
    headers: Object.fromEntries(Object.entries(response.headers).map(single)),
    body: response,
  };
}

interface Proxy {
  readonly url: URL;
  /** `user:password` */
  readonly account: string | undefined;
}

function proxyOf(origin: string | undefined, account: string | undefined): Proxy | undefined {
  return origin === undefined ? undefined : { url: new URL(origin), account };
}

function basic(account: string): string {
  return `Basic ${Buffer.from(account).toString('base64')}`;
}

const mostHead = 16_384;

/** A connection to the host that the proxy made (RFC 9110, section 9.3.6); what goes through it is TLS. */
async function throughProxy({ url, account }: Proxy, host: string, port: number): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const name = `the proxy ${url.host}`;
  const socket = connectPlain({ host: hostOf(url), port: Number(url.port || 80), timeout: 15_000 });
  let head = Buffer.alloc(0);
  const take = (piece: Buffer): void => {
    head = Buffer.concat([head, piece]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) {
      if (head.length > mostHead) socket.destroy(new Error(`${name} does not answer as one`));
      return;
    }
    const status = /^HTTP\/1\.[01] (\d{3})/.exec(head.toString('latin1'))?.[1] ?? '';
    socket.off('data', take);
    if (!status.startsWith('2')) socket.destroy(new Error(`${name} ${refusals[status] ?? `refused (${status})`}`));
    else {
      socket.setTimeout(0);
      socket.pause();
      // In TLS the client speaks first: nothing is to be expected behind the head.
      resolve(socket);
    }
  };
  socket.on('data', take);
  socket.once('timeout', () => socket.destroy(new Error(`${name} does not answer`)));
  socket.on('error', (error: Error) =>
    reject(/proxy/.test(error.message) ? error : new Error(`${name}: ${error.message}`)),
  );
  socket.once('close', () => reject(new Error(`${name} ended the connection`)));
  socket.once('connect', () => {
    const authority = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
    const known = account === undefined ? '' : `Proxy-Authorization: ${basic(account)}\r\n`;
    socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${known}\r\n`);
  });
  return promise;
}

const refusals: Readonly<Record<string, string>> = {
  407: 'wants an account, or another one (407)',
  403: 'does not let us through to the server (403)',
  502: 'cannot reach the server (502)',
  503: 'cannot reach the server (503)',
  504: 'cannot reach the server (504)',
};

/** A pinned certificate also vouches for itself: sites may serve with one of their own. */
function isIssuedBy(certificate: X509Certificate, authority: X509Certificate): boolean {
  if (certificate.fingerprint256 === authority.fingerprint256) return true;
  return certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}
