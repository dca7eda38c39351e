import { join } from 'node:path';
import { ownNames } from '../host/addresses.ts';
import { now, sleep } from '../host/clock.ts';
import { exists, writeAtomically } from '../host/files.ts';
import { processId } from '../host/process-id.ts';
import { ensureKeys, type Passphrase } from '../trust/keys.ts';
import { byDeployments } from './by-deployments.ts';
import { ownCertificate, type ServedCertificate, siteCertificate } from './certificates.ts';
import { SiteContent } from './content.ts';
import { createServer, listen } from './http/server.ts';
import type { ContentShelf, Decide } from './interfaces.ts';
import { PolicyKeeper } from './policy/keeper.ts';
import type { Catalogue } from './policy/served.ts';
import type { ServiceNotice } from './service.ts';
import { keptSetting, openState, stateFile } from './state/state.ts';
import { type ServerStatus, writeStatus } from './status.ts';

export interface ServeRequest {
  readonly siteFolder: string;
  readonly address: string;
  /** 0: any free one. */
  readonly port: number;
  /** Names and addresses machines use for this server; those of this machine when there are none. */
  readonly names: readonly string[];
  /** Instead of one of the site's own authority. */
  readonly own?: { readonly certificateFile: string; readonly keyFile: string };
  readonly passphrase?: Passphrase;
  readonly decide?: (catalogue: () => Catalogue) => Decide;
  /** The site's own files without it. */
  readonly content?: ContentShelf;
  readonly onNotice: (notice: ServiceNotice) => void;
  /** What is served changed, or its problems did. */
  readonly onCatalogue: (catalogue: Catalogue, before: Catalogue) => void;
}

export interface RunningServer {
  readonly port: number;
  readonly status: ServerStatus;
  readonly catalogue: Catalogue;
  /** Serves until the signal, then closes everything. */
  finish(signal: AbortSignal): Promise<void>;
}

const certificateCheck = 3_600_000;

/** Starts the site's service. @throws BW-SITE-001, BW-KEY-…, BW-SERVER-017, BW-SERVER-019, BW-SERVER-020 */
export async function startServer(request: ServeRequest): Promise<RunningServer> {
  const { siteFolder, passphrase, onNotice } = request;
  await ensureKeys(siteFolder);
  const state = await openState(stateFile(siteFolder));
  const ignore = join(siteFolder, '.bootwright', '.gitignore');
  if (!(await exists(ignore))) await writeAtomically(ignore, '/state.db*\n');
  const content = request.content ?? new SiteContent();
  const stopped = new AbortController();
  try {
    const onChange = (catalogue: Catalogue, before: Catalogue): void => {
      request.onCatalogue(catalogue, before);
      void writeStatus(state, { ...status, ...factsOf(catalogue) });
    };
    const keeper = await PolicyKeeper.start({
      ...{ siteFolder, state, content, onChange },
      ...(passphrase === undefined ? {} : { passphrase }),
    });
    const catalogue = (): Catalogue => keeper.current;
    const decide = (request.decide ?? byDeployments)(catalogue);
    const tokenSecret = await keptSetting(state, 'content-token-secret');
    const certificate = await certificateFor(request, keeper.current.name);
    const server = createServer({ state, catalogue, content, decide, now, tokenSecret, notify: onNotice }, certificate);
    const port = await listen(server, request.address, request.port);
    const status: ServerStatus = {
      ...{ address: request.address, port, started: now().toISOString(), process: processId() },
      signingKey: keeper.current.signing.publicKey.fingerprint,
      certificate: certificate.fingerprint,
      ...factsOf(keeper.current),
    };
    await writeStatus(state, status);
    keeper.watch(stopped.signal);
    void renewCertificate(request, catalogue, certificate, stopped.signal, ({ certificate: cert, key }) =>
      server.server.setSecureContext({ cert, key }),
    );
    return {
      ...{ port, status },
      catalogue: keeper.current,
      finish: async (signal) => {
        const ended = Promise.withResolvers<void>();
        if (signal.aborted) ended.resolve();
        signal.addEventListener('abort', () => ended.resolve(), { once: true });
        await ended.promise;
        stopped.abort();
        await server.close();
        await writeStatus(state, undefined);
        await state.destroy();
      },
    };
  } catch (error) {
    stopped.abort();
    await state.destroy();
    throw error;
  }
}

function factsOf({ serial, problems, sequences }: Catalogue): Pick<ServerStatus, 'serial' | 'problems' | 'sequences'> {
  return { serial, problems, sequences: [...sequences.values()].map(({ id }) => id).sort() };
}

function certificateFor({ own, names, siteFolder }: ServeRequest, siteName: string): Promise<ServedCertificate> {
  if (own !== undefined) return ownCertificate(own.certificateFile, own.keyFile);
  return siteCertificate(siteFolder, names.length > 0 ? names : ownNames(), siteName, now());
}

/** A server runs for months, its certificate does not. Also takes up a renewed one of the user's. */
async function renewCertificate(
  request: ServeRequest,
  catalogue: () => Catalogue,
  first: ServedCertificate,
  signal: AbortSignal,
  use: (certificate: ServedCertificate) => void,
): Promise<void> {
  for (let current = first; !signal.aborted; ) {
    await sleep(certificateCheck, signal).catch(() => undefined);
    if (signal.aborted) return;
    try {
      const next = await certificateFor(request, catalogue().name);
      if (next.certificate !== current.certificate) use(next);
      current = next;
    } catch (error) {
      request.onNotice({ type: 'failure', text: `The certificate cannot be renewed: ${(error as Error).message}` });
    }
  }
}
