import { sendPieces, type WebServer } from '../../host/web-server.ts';
import { BootwrightError } from '../../model/error.ts';
import type { Service } from '../service.ts';
import { grantsOf } from '../state/grants.ts';
import { findSession } from '../state/sessions.ts';
import { sessionOfToken } from '../token.ts';
import { namesTag, selectRange } from './range.ts';

export function addContentRoutes(server: WebServer, service: Service): void {
  server.route<{ Params: { sha256: string } }>({
    method: ['GET', 'HEAD'],
    url: '/v1/content/:sha256',
    handler: async (request, reply) => {
      const { sha256 } = request.params;
      await admit(service, request.headers.authorization, sha256);
      const size = await service.content.size(sha256);
      if (size === undefined) throw new BootwrightError('BW-SERVER-009', `There is no content ${sha256} here.`);

      const tag = `"${sha256}"`;
      reply.headers({ etag: tag, 'accept-ranges': 'bytes', 'cache-control': 'private, immutable, max-age=31536000' });
      if (namesTag(request.headers['if-none-match'], tag)) return reply.code(304).send();
      // A range of something else than what the client has a part of would be worth nothing: then it gets all of it.
      const isSame = request.headers['if-range'] === undefined || request.headers['if-range'] === tag;
      const selected = selectRange(isSame ? request.headers.range : undefined, size);
      if (selected.kind === 'unsatisfiable') {
        reply.header('content-range', `bytes */${size}`);
        throw new BootwrightError('BW-SERVER-010', `The content has ${size} bytes.`);
      }
      const { kind, start, end } = selected;
      reply.headers({ 'content-type': 'application/octet-stream', 'content-length': end - start + 1 });
      if (kind === 'part') reply.code(206).header('content-range', `bytes ${start}-${end}/${size}`);
      if (request.method === 'HEAD' || size === 0) return reply.send();
      await sendPieces(reply, await service.content.open(sha256, { start, end }));
      return reply;
    },
  });
}

/** @throws BW-SERVER-008 no token of this server, or not for this content */
async function admit(service: Service, authorization: string | undefined, sha256: string): Promise<void> {
  const at = service.now();
  const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1] ?? '';
  const key = sessionOfToken(service.tokenSecret(), token, at);
  const session = await findSession(service.state, key, at).catch(() => undefined);
  const grants = session === undefined || session.state === 'ended' ? [] : await grantsOf(service.state, key);
  for (const item of grants.flatMap(({ content }) => content))
    if (item === sha256 || (await service.content.parts(item))?.has(sha256) === true) return;
  throw new BootwrightError('BW-SERVER-008', 'The token does not open this content.');
}
