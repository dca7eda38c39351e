import type { Server } from 'node:https';
import { Readable } from 'node:stream';
import Fastify, {
  type FastifyInstance,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
} from 'fastify';

export type WebServer = FastifyInstance<Server, RawRequestDefaultExpression<Server>, RawReplyDefaultExpression<Server>>;

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

/** What a reply may send as its body. */
export function readable(bytes: AsyncIterable<Uint8Array>): Readable {
  return bytes instanceof Readable ? bytes : Readable.from(bytes, { objectMode: false });
}
