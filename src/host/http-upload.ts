import { request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BootwrightError } from '../model/error.ts';

export interface HttpAnswer {
  readonly status: number;
  /** Of the `Content-Length` header. */
  readonly length: number | undefined;
}

export interface HttpOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Asks what a server has under an address, without its bytes. @throws BW-CONTENT-044 no answer, BW-HOST-006 */
export async function headOf(url: URL, options: HttpOptions = {}): Promise<HttpAnswer> {
  return exchange(url, 'HEAD', {}, undefined, options);
}

/**
 * Stores bytes under an address by PUT, with their length said before, which object stores ask for. The pieces may be
 * buffers that are used again.
 *
 * @throws BW-CONTENT-044 no answer, BW-HOST-006, and whatever the pieces throw: then the request is broken off
 */
export async function put(
  url: URL,
  pieces: AsyncIterable<Uint8Array>,
  size: number,
  options: HttpOptions = {},
): Promise<HttpAnswer> {
  return exchange(url, 'PUT', { 'content-length': String(size) }, copied(pieces), options);
}

async function exchange(
  url: URL,
  method: 'HEAD' | 'PUT',
  own: Readonly<Record<string, string>>,
  body: AsyncIterable<Uint8Array> | undefined,
  { headers = {}, signal }: HttpOptions,
): Promise<HttpAnswer> {
  const begin = url.protocol === 'https:' ? secureRequest : plainRequest;
  const request = begin(url, { method, headers: { ...headers, ...own }, ...(signal === undefined ? {} : { signal }) });
  const answered = new Promise<HttpAnswer>((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (response) => {
      // A length of nothing would be 0: absent is another answer.
      const length = response.headers['content-length'];
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, length: length === undefined ? undefined : Number(length) }),
      );
      response.resume();
    });
  });
  // Awaited below; a server may refuse before everything was sent.
  answered.catch(() => undefined);
  try {
    if (body === undefined) request.end();
    else await Promise.race([pipeline(Readable.from(body, { objectMode: false }), request), answered]);
    return await answered;
  } catch (cause) {
    request.destroy();
    if (cause instanceof BootwrightError) throw cause;
    if (signal?.aborted) throw new BootwrightError('BW-HOST-006', `${method} ${url.href} was interrupted.`);
    throw new BootwrightError('BW-CONTENT-044', `${url.origin} gave no answer: ${(cause as Error).message}.`, {
      cause,
    });
  }
}

async function* copied(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) yield Uint8Array.from(piece);
}
