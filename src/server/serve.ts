import { dirname, join } from 'node:path';
import { ownNames } from '../host/addresses.ts';
import { now as systemClock } from '../host/clock.ts';
import { exists, writeAtomically } from '../host/files.ts';
import { processId } from '../host/process-id.ts';
import { formatBytes } from '../model/quantity.ts';
import { ensureKeys, type Passphrase } from '../trust/keys.ts';
import { byDeployments } from './by-deployments.ts';
import { CaptureInbox } from './captures.ts';
import { ownCertificate, type ServedCertificate, siteCertificate } from './certificates.ts';
import { SiteContent } from './content.ts';
import { disarmRestored, everyHour, keepHouse, reported } from './housekeeping.ts';
import { createServer, listen } from './http/server.ts';
import type { ContentShelf, Decide } from './interfaces.ts';
import { PolicyKeeper } from './policy/keeper.ts';
import type { Catalogue } from './policy/served.ts';
import type { ServiceNotice } from './service.ts';
import { contentLists } from './state/content-lists.ts';
import { forgetOld } from './state/retention.ts';
import { keptSetting, openState, stateFile } from './state/state.ts';
import { type ServerStatus, writeStatus } from './status.ts';
import { storageError } from './storage-error.ts';
import { currentTokenSecret } from './token.ts';
import { uploadSecretSetting } from './upload-token.ts';
import { keepVerified, lastHealth } from './verify-library.ts';

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
  /** The system's clock without it. */
  readonly now?: () => Date;
  /** Instead of the site's own state; what belongs to it lies in the same folder. */
  readonly stateFile?: string;
  readonly decide?: (catalogue: () => Catalogue) => Decide;
  /** The site's own files without it. */
  readonly content?: ContentShelf;
  /** Milliseconds from the start to the first look whether the library is due to be verified. */
  readonly verifyAfter?: number;
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

/** Starts the site's service. @throws BW-SITE-001, BW-KEY-…, BW-SERVER-017, BW-SERVER-019, BW-SERVER-020 */
export async function startServer(request: ServeRequest): Promise<RunningServer> {
  const { siteFolder, passphrase, onNotice, now = systemClock } = request;
  await ensureKeys(siteFolder);
  const memory = request.stateFile === undefined ? siteFolder : dirname(request.stateFile);
  const state = await openState(request.stateFile ?? stateFile(siteFolder));
  const ignore = join(siteFolder, '.bootwright', '.gitignore');
  if (!(await exists(ignore))) await writeAtomically(ignore, '/state.db*\n/policy-serial\n');
  let known: PolicyKeeper | undefined;
  const library = (): string => known?.contentSettings.library ?? join(siteFolder, '.bootwright', 'content');
  const content = request.content ?? new SiteContent({ library, lists: contentLists(state) });
  const stopped = new AbortController();
  let changeStatus = async (_facts: Partial<ServerStatus>): Promise<void> => undefined;
  try {
    const onChange = (catalogue: Catalogue, before: Catalogue): void => {
      request.onCatalogue(catalogue, before);
      void reported(() => changeStatus(factsOf(catalogue)), 'The status is not stored', onNotice);
    };
    await disarmRestored(state, memory, onNotice);
    const keeper = await PolicyKeeper.start({
      ...{ siteFolder, memoryFolder: memory, state, content, onChange, now },
      ...(passphrase === undefined ? {} : { passphrase }),
    });
    known = keeper;
    const catalogue = (): Catalogue => keeper.current;
    const decide = (request.decide ?? byDeployments)(catalogue);
    let secret = await currentTokenSecret(state, now());
    const tokenSecret = (): string => secret;
    const uploadSecret = await keptSetting(state, uploadSecretSetting);
    const captures = new CaptureInbox(siteFolder, (id, size) =>
      onNotice({ type: 'image.received', text: `images/${id}.wim was captured and sent: ${formatBytes(size)}` }),
    );
    let certificate = await certificateFor(request, keeper.current.name);
    const service = {
      ...{ state, catalogue, content, decide, now, tokenSecret, captures, uploadSecret },
      notify: onNotice,
    };
    const server = createServer(service, certificate);
    const port = await listen(server, request.address, request.port);
    let status: ServerStatus = {
      ...{ address: request.address, port, started: now().toISOString(), process: processId() },
      signingKey: keeper.current.signing.publicKey.fingerprint,
      certificate: certificate.fingerprint,
      ...factsOf(keeper.current),
      content: await lastHealth(state, keeper.contentSettings.verify),
    };
    changeStatus = async (facts) => {
      const health = { ...(facts.content ?? status.content), every: keeper.contentSettings.verify };
      status = { ...status, ...facts, content: health };
      await writeStatus(state, status);
    };
    await changeStatus({});
    keeper.watch(stopped.signal);
    const verifying = keepVerified({
      ...{ state, signal: stopped.signal, settings: () => keeper.contentSettings },
      onHealth: (health) => changeStatus({ content: health }),
      onDamage: (text) => onNotice({ type: 'failure', text }),
      ...(request.verifyAfter === undefined ? {} : { firstAfter: request.verifyAfter }),
    });
    // A server runs for months, its certificate does not. Also takes up a renewed one of the user's.
    const renewCertificate = async (): Promise<void> => {
      const next = await certificateFor(request, catalogue().name);
      if (next.certificate !== certificate.certificate)
        server.server.setSecureContext({ cert: next.certificate, key: next.key });
      certificate = next;
    };
    const keepOrder = async (): Promise<void> => {
      secret = await currentTokenSecret(state, now());
      await keepHouse(state, keeper, now());
    };
    const forget = (): Promise<void> => forgetOld(state, keeper.current.retention, now());
    await reported(forget, 'Nothing old was forgotten', onNotice);
    void everyHour(renewCertificate, 'The certificate cannot be renewed', onNotice, stopped.signal);
    void everyHour(keepOrder, 'Nothing old was forgotten', onNotice, stopped.signal);
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
        await verifying;
        await keeper.settled();
        await reported(() => writeStatus(state, undefined), 'The status is not stored', onNotice);
        await state.destroy();
      },
    };
  } catch (error) {
    stopped.abort();
    await state.destroy();
    throw storageError(error) ?? error;
  }
}

function factsOf({ serial, problems, sequences }: Catalogue): Pick<ServerStatus, 'serial' | 'problems' | 'sequences'> {
  return { serial, problems, sequences: [...sequences.values()].map(({ id }) => id).sort() };
}

function certificateFor(
  { own, names, siteFolder, now = systemClock }: ServeRequest,
  siteName: string,
): Promise<ServedCertificate> {
  if (own !== undefined) return ownCertificate(own.certificateFile, own.keyFile);
  return siteCertificate(siteFolder, names.length > 0 ? names : ownNames(), siteName, now());
}
