import { readStream } from '../../host/files.ts';
import { sendPieces, type WebServer } from '../../host/web-server.ts';
import { BootwrightError } from '../../model/error.ts';
import { bootImageFile, offerBootImage } from '../boot-image.ts';
import type { Service } from '../service.ts';
import { namesTag, selectRange } from './range.ts';
import { readNonce } from './requests.ts';

/** What the oldest agent must be able to ask for, whatever version of the protocol the rest speaks. */
export function addBootImageRoutes(server: WebServer, service: Service): void {
  server.get<{ Querystring: { nonce?: string } }>('/v1/boot-image', (request) =>
    offerBootImage(service, readNonce(request.query.nonce)),
  );

  server.get<{ Params: { sha256: string } }>('/v1/boot-image/:sha256', async (request, reply) => {
    const { sha256 } = request.params;
    const file = await bootImageFile(service, sha256);
    if (file === undefined) throw new BootwrightError('BW-SERVER-009', `${sha256} is no file of the boot image.`);
    const tag = `"${sha256}"`;
    reply.headers({ etag: tag, 'accept-ranges': 'bytes', 'cache-control': 'public, max-age=3600' });
    if (namesTag(request.headers['if-none-match'], tag)) return reply.code(304).send();
    const isSame = request.headers['if-range'] === undefined || request.headers['if-range'] === tag;
    const selected = selectRange(isSame ? request.headers.range : undefined, file.size);
    if (selected.kind === 'unsatisfiable') {
      reply.header('content-range', `bytes */${file.size}`);
      throw new BootwrightError('BW-SERVER-010', `The file has ${file.size} bytes.`);
    }
    const { kind, start, end } = selected;
    reply.headers({ 'content-type': 'application/octet-stream', 'content-length': end - start + 1 });
    if (kind === 'part') reply.code(206).header('content-range', `bytes ${start}-${end}/${file.size}`);
    await sendPieces(reply, readStream(file.path, { start, end }));
    return reply;
  });
}
