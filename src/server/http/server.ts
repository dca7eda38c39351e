import { createWebServer, type TlsCertificate, type WebServer } from '../../host/web-server.ts';
import { BootwrightError } from '../../model/error.ts';
import { type Hello, protocolVersion } from '../../model/protocol.ts';
import { bootImageRules } from '../boot-image.ts';
import type { Service } from '../service.ts';
import { answerFor } from './answers.ts';
import { addBootImageRoutes } from './boot-image.ts';
import { addCaptureRoutes } from './captures.ts';
import { addContentRoutes } from './content.ts';
import { addRunRoutes } from './runs.ts';
import { addSessionRoutes } from './sessions.ts';

/** The protocol of docs/formats/policy.md over HTTPS; does not listen yet. */
export function createServer(service: Service, certificate: TlsCertificate): WebServer {
  const server = createWebServer(certificate);
  server.setErrorHandler(async (error, request, reply) => {
    const { status, body } = answerFor(error);
    if (status >= 500)
      service.notify({ type: 'failure', text: `${request.method} ${request.routeOptions.url}: ${said(error)}` });
    if (body.retryAfterSeconds !== undefined) reply.header('retry-after', body.retryAfterSeconds);
    return reply.code(status).send(body);
  });
  server.setNotFoundHandler(async (_request, reply) => {
    const { body } = answerFor(new BootwrightError('BW-SERVER-001', 'There is nothing at this address.'));
    return reply.code(404).send(body);
  });
  server.addHook('onSend', async (_request, reply) => {
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
  });
  server.get('/v1/hello', async (): Promise<Hello> => {
    const { name, organisation } = service.catalogue();
    const versions = { lowest: protocolVersion, highest: protocolVersion };
    return {
      format: 'bootwright-hello/1',
      site: name,
      organisation,
      time: service.now().toISOString(),
      ...versions,
      ...bootImageRules(service.catalogue()),
    };
  });
  addBootImageRoutes(server, service);
  addSessionRoutes(server, service);
  addContentRoutes(server, service);
  addRunRoutes(server, service);
  addCaptureRoutes(server, service);
  return server;
}

/** Listens, and returns the port. @throws BW-SERVER-019 */
export async function listen(server: WebServer, address: string, port: number): Promise<number> {
  try {
    await server.listen({ host: address, port });
  } catch (cause) {
    throw new BootwrightError('BW-SERVER-019', `${address}:${port} cannot be used: ${(cause as Error).message}.`, {
      cause,
    });
  }
  const [bound] = server.addresses();
  return typeof bound === 'object' ? bound.port : port;
}

function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
