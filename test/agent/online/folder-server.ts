import { createHash } from 'node:crypto';
import { createServer as createPlainServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { TestAuthority } from './authority.ts';

export interface FolderServer {
  /** Base URL of the published folder. */
  readonly base: string;
  readonly asked: { readonly path: string; readonly range: string | undefined; readonly token: string | undefined }[];
  close(): Promise<void>;
}

/** How a server misbehaves. */
export interface Fault {
  /** Sends so many bytes of each file, then cuts the line, and is gone afterwards. */
  readonly diesAfter?: number;
  /** Changes one byte of everything. */
  readonly lies?: boolean;
  /** Sends 4 KiB every few milliseconds. */
  readonly slow?: boolean;
  /** Knows no ranges: always sends all of it. */
  readonly withoutRanges?: boolean;
  /** Answers everything with a friendly page and status 200. */
  readonly page?: boolean;
  /** HTTP instead of HTTPS. */
  readonly plain?: boolean;
}

export function sha256Of(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Any web server with what `content distribute` makes: files below `sha256/`, and nothing of our protocol. */
export async function serveFolder(
  authority: TestAuthority,
  contents: readonly (Uint8Array | string)[],
  fault: Fault = {},
): Promise<FolderServer> {
  const files = new Map(contents.map((bytes) => [sha256Of(bytes), Buffer.from(bytes)]));
  const asked: FolderServer['asked'] = [];
  let isDead = false;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { url = '', headers, socket } = request;
    asked.push({ path: url, range: headers.range, token: headers.authorization });
    if (isDead) return void socket.destroy();
    if (fault.page === true) return void response.writeHead(200).end('<p>Please log in</p>');
    const [, start = '', rest = ''] = /^\/site\/sha256\/([0-9a-f]{2})\/([0-9a-f]{62})$/.exec(url) ?? [];
    const whole = files.get(start + rest);
    if (whole === undefined) return void response.writeHead(404).end('no such file');
    const [, first] = (fault.withoutRanges === true ? undefined : /^bytes=(\d+)-/.exec(headers.range ?? '')) ?? [];
    const from = Number(first ?? 0);
    const bytes = Buffer.from(whole.subarray(from));
    if (fault.lies === true && bytes.length > 0) bytes[bytes.length >> 1]! ^= 1;
    response.writeHead(first === undefined ? 200 : 206, {
      'content-length': bytes.length,
      ...(first === undefined ? {} : { 'content-range': `bytes ${from}-${whole.length - 1}/${whole.length}` }),
    });
    if (fault.diesAfter !== undefined) {
      isDead = true;
      response.write(bytes.subarray(0, fault.diesAfter));
      await delay(50);
      return void socket.destroy();
    }
    if (fault.slow === true)
      for (let sent = 0; sent < bytes.length && !socket.destroyed; sent += 4096) {
        response.write(bytes.subarray(sent, sent + 4096));
        await delay(5);
      }
    response.end(fault.slow === true ? undefined : bytes);
  };
  const certificate = await authority.issue({ type: 'ip', value: '127.0.0.1' });
  const listener = (request: IncomingMessage, response: ServerResponse): void => void answer(request, response);
  const server = fault.plain === true ? createPlainServer(listener) : createServer(certificate, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    base: `${fault.plain === true ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}/site`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
