import type { WebServer } from '../../host/web-server.ts';
import { BootwrightError } from '../../model/error.ts';
import type { UploadState } from '../../model/protocol.ts';
import type { Upload } from '../captures.ts';
import type { Service } from '../service.ts';
import { checkUploadToken } from '../upload-token.ts';
import { readNumber } from './requests.ts';

interface CapturePath {
  Params: { file: string };
}

/** Machines send their pieces of 8 MiB. */
const pieceLimit = 16 * 2 ** 20;

/** Images that were captured: asked how far one has come, and given the next piece. */
export function addCaptureRoutes(server: WebServer, service: Service): void {
  const readUpload = (file: string, query: unknown, authorization: string | undefined): Upload => {
    const id = /^([A-Za-z0-9][\w.-]{0,63})\.wim$/i.exec(file)?.[1];
    if (id === undefined)
      throw new BootwrightError('BW-SERVER-001', 'An image is called NAME.wim: letters, digits, dots and hyphens.');
    const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    checkUploadToken(service.uploadSecret, token, id, service.now());
    const { sha256 } = query as { sha256?: unknown };
    if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256))
      throw new BootwrightError('BW-SERVER-001', 'sha256: 64 hex digits are expected in the query.');
    return { id, size: readNumber(query, 'size'), sha256 };
  };

  server.get<CapturePath>(
    '/v1/captures/:file',
    async ({ params, query, headers }): Promise<UploadState> =>
      service.captures.state(readUpload(params.file, query, headers.authorization)),
  );

  server.put<CapturePath>(
    '/v1/captures/:file',
    { bodyLimit: pieceLimit },
    async ({ params, query, headers, body }): Promise<UploadState> => {
      const upload = readUpload(params.file, query, headers.authorization);
      const bytes = Buffer.isBuffer(body) ? body : new Uint8Array(0);
      return service.captures.append(upload, readNumber(query, 'offset'), bytes);
    },
  );
}
