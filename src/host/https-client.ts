import { X509Certificate as X509, type X509Certificate } from 'node:crypto';
import { Agent, type IncomingMessage, request } from 'node:http';
import { isIP } from 'node:net';
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
    const socket = connect({
      ...{
        host: this.#addresses.get(host) ?? host,
        port,
        rejectUnauthorized: false,
        minVersion: 'TLSv1.2',
        timeout: 10_000,
      },
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

  /** @throws what the network says */
  send(asked: HttpsRequest): Promise<HttpsResponse> {
    return exchange(this.#agent, 80, asked);
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
): Promise<HttpsResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const sent = request({
    ...{ agent, method, host: hostOf(url), port: url.port || port, path: url.pathname + url.search },
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

/** A pinned certificate also vouches for itself: sites may serve with one of their own. */
function isIssuedBy(certificate: X509Certificate, authority: X509Certificate): boolean {
  if (certificate.fingerprint256 === authority.fingerprint256) return true;
  return certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}
