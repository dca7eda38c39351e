import { request as ask, createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';

export interface ProxyServer {
  readonly origin: string;
  /** What it was asked for, with the account. */
  readonly asked: (readonly [target: string, account: string | undefined])[];
  close(): Promise<void>;
}

/** A real proxy, by CONNECT or whole addresses, that knows one host, and wants an account when there is one. */
export async function serveProxy(port: number, account?: string, knows = 'deploy.example.test'): Promise<ProxyServer> {
  const asked: (readonly [string, string | undefined])[] = [];
  const note = (target: string, given: string | undefined): void =>
    void asked.push([target, given === undefined ? undefined : Buffer.from(given.slice(6), 'base64').toString()]);
  const server: Server = createServer(({ url = '', headers }, response) => {
    const { 'proxy-authorization': given, ...rest } = headers;
    note(url, given);
    const { hostname, pathname } = URL.canParse(url) ? new URL(url) : { hostname: '', pathname: '' };
    const status = asked.at(-1)?.[1] === account ? (hostname === knows ? 200 : 403) : 407;
    if (status !== 200) return void response.writeHead(status).end();
    ask({ port, host: '127.0.0.1', path: pathname, headers: rest }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    }).end();
  });
  server.on('connect', (request, socket) => {
    note(request.url ?? '', request.headers['proxy-authorization']);
    if (account !== undefined && asked.at(-1)?.[1] !== account)
      return void socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n');
    if (!request.url?.startsWith(`${knows}:`)) return void socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    const onward = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    asked,
    origin: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
