import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
} from 'fastify';

export type WebServer = FastifyInstance<Server, RawRequestDefaultExpression<Server>, RawReplyDefaultExpression<Server>>;

/** An answer that is being made. */
type WebReply = Pick<FastifyReply, 'hijack' | 'statusCode' | 'getHeaders'> & { readonly raw: ServerResponse };

/** PEM. */
export interface TlsCertificate {
  readonly certificate: string;
  readonly key: string;
}

/** An HTTPS server without routes. Bodies come as bytes, whatever type they claim to be; slow or silent clients are cut off. */
export function createWebServer({ certificate, key }: TlsCertificate): WebServer {
  const server: WebServer = Fastify({
    https: { cert: certificate, key, minVersion: 'TLSv1.2' },
    bodyLimit: 64 * 1024,
    requestTimeout: 120_000,
    // Longer than the longest wait for an answer.
    connectionTimeout: 60_000,
    keepAliveTimeout: 60_000,
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    // What is no HTTP at all gets no words.
    clientErrorHandler: (_error, socket) => {
      if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
    },
    routerOptions: { maxParamLength: 128 },
  });
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  return server;
}

/**
 * Sends a body of known length, with the status and headers the reply has. A piece may be a buffer that is used again: the
 * next one is asked for when it was taken over. A stream of buffers of their own costs a third more of the processor.
 */
export async function sendPieces(reply: WebReply, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const source = pieces[Symbol.asyncIterator]();
  // What cannot be read at all still gets an answer that says so.
  let next = await source.next();
  reply.hijack();
  const { raw } = reply;
  try {
    raw.writeHead(reply.statusCode, reply.getHeaders() as OutgoingHttpHeaders);
    let left = Number(reply.getHeaders()['content-length']);
    for (; next.done !== true; next = await source.next()) {
      left -= next.value.length;
      await written(raw, next.value);
    }
    if (left !== 0) throw new Error('the source ended early');
    raw.end();
  } catch {
    // Half an answer: the other end sees that its length is not what was said.
    raw.destroy();
  } finally {
    await source.return?.();
  }
}

function written(raw: ServerResponse, piece: Uint8Array): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const gone = (): void => reject(new Error('the other end went away'));
  if (raw.destroyed) gone();
  else {
    raw.once('close', gone);
    raw.write(piece, (error) => (error ? reject(error) : resolve()));
  }
  return promise.finally(() => raw.off('close', gone));
}
