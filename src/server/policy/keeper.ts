import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { defaultBootImageFolder } from '../../boot/read.ts';
import { buildCatalogue } from '../../deployment/catalogue.ts';
import { now } from '../../host/clock.ts';
import { mkdir, readBytes } from '../../host/files.ts';
import { watchFolder } from '../../host/watch.ts';
import { BootwrightError, formatPlace, type Problem } from '../../model/error.ts';
import { isSecretReference } from '../../model/sequence.ts';
import { catalogueSource } from '../../site/catalogue-source.ts';
import { compilePolicy } from '../../site/compile.ts';
import { loadSite } from '../../site/load.ts';
import { revokedMediaFile } from '../../site/load-revoked.ts';
import { bootImageOf, type Site, type SiteContentSettings } from '../../site/site.ts';
import { loadSigningKey, type Passphrase } from '../../trust/keys.ts';
import { readSecrets } from '../../trust/secret-store.ts';
import type { ContentShelf } from '../interfaces.ts';
import { rememberServed } from '../state/content-lists.ts';
import type { State } from '../state/state.ts';
import { serveBootImages } from './boot-images.ts';
import { nextSerial } from './serial.ts';
import { type Catalogue, contentDigest, type ServedSequence } from './served.ts';

export interface KeeperOptions {
  readonly siteFolder: string;
  /** Where the serial is noticed beside the state; the site without it. */
  readonly memoryFolder?: string;
  readonly state: State;
  readonly content: ContentShelf;
  readonly passphrase?: Passphrase;
  readonly now?: () => Date;
  /** Called with each new catalogue, and when problems came or went. */
  readonly onChange?: (catalogue: Catalogue, before: Catalogue) => void;
}

/** Keeps the compiled policies of a site: the last good ones, whatever is typed into its files. */
export class PolicyKeeper {
  readonly #options: KeeperOptions;
  #current: Catalogue;
  #site: Site;
  #working: Promise<void> = Promise.resolve();

  private constructor(options: KeeperOptions, site: Site, first: Catalogue) {
    this.#options = options;
    this.#site = site;
    this.#current = first;
  }

  /** Compiles everything once. @throws what loading the site or its signing key throws: there is no last good one yet */
  static async start(options: KeeperOptions): Promise<PolicyKeeper> {
    const site = await loadSite(options.siteFolder);
    return new PolicyKeeper(options, site, await compileSite(options, site, undefined));
  }

  get current(): Catalogue {
    return this.#current;
  }

  /** How the library is kept, as the site says it now. */
  get contentSettings(): SiteContentSettings {
    return this.#site.content;
  }

  /** Compiles again at every change of the site and of what its library holds, until the signal. */
  watch(signal: AbortSignal): void {
    const { siteFolder } = this.#options;
    const ignore = (path: string): boolean =>
      /^((\.bootwright|\.git|out)(\/|$)|boot-images\/[^/]+\/(?!boot-image\.json$))/.test(path);
    watchFolder(siteFolder, { quietMilliseconds: 300, ignore, signal }, () => void this.reload());
    const objects = join(this.#site.content.library, 'objects');
    void mkdir(objects, { recursive: true })
      .then(() => {
        if (signal.aborted) return;
        const options = { quietMilliseconds: 300, ignore: () => false, signal };
        watchFolder(objects, options, () => void this.reload());
      })
      // Nobody may write there: then there is nothing to be watched either.
      .catch(() => undefined);
  }

  /** When nothing is being compiled any more. */
  settled(): Promise<void> {
    return this.#working;
  }

  /** One after the other: a slow hash must not let an older state win. Never fails. */
  reload(): Promise<void> {
    this.#working = this.#working.then(() => this.#reload());
    return this.#working;
  }

  async #reload(): Promise<void> {
    const before = this.#current;
    try {
      this.#site = await loadSite(this.#options.siteFolder);
      this.#current = await compileSite(this.#options, this.#site, before);
    } catch (error) {
      this.#current = { ...before, problems: [(error as Error).message] };
    }
    const { serial, problems } = this.#current;
    if (serial !== before.serial || problems.join('\n') !== before.problems.join('\n'))
      this.#options.onChange?.(this.#current, before);
  }
}

async function compileSite(options: KeeperOptions, site: Site, before: Catalogue | undefined): Promise<Catalogue> {
  const general = site.problems.filter(
    ({ file, code }) => file === 'site.yaml' || file === revokedMediaFile || code === 'BW-SITE-007',
  );
  const fatal = general.filter(({ severity }) => severity === 'error');
  if (fatal.length > 0 && before !== undefined) return { ...before, problems: fatal.map(problemLine) };

  const signing = await loadSigningKey(site.folder, options.passphrase);
  const sequences = new Map<string, ServedSequence>();
  const problems: string[] = fatal.map(problemLine);
  for (const id of site.sequences.keys()) {
    const { served, wrong } = await compileSequence(options, site, id);
    const last = before?.sequences.get(id.toLowerCase());
    // What lacks content is no better than what was served before; without that, a run waits for the content.
    const kept = served === undefined || (served.missing.length > 0 && last?.missing.length === 0) ? last : served;
    if (kept !== undefined) sequences.set(id.toLowerCase(), kept);
    problems.push(
      ...wrong.map((line) => `${line}${served !== kept && kept !== undefined ? ' The last good one is served.' : ''}`),
    );
  }
  const items = [...sequences.values()].flatMap(({ policy }) => policy.content.map(({ sha256 }) => sha256));
  await rememberServed(options.state, [...new Set(items)], now());
  const bootImages = await serveBootImages(
    site,
    [...sequences.values()].map(({ bootImage }) => bootImage),
    options.content,
    before?.bootImages,
    problems,
  );
  const deployed = await deploymentsOf(options, site).catch((error: Error) => {
    // Nothing is decided from a site with errors; what was decided before stays.
    if (before === undefined) throw error;
    const { message } = error;
    const where = error instanceof BootwrightError && error.place ? `${formatPlace(error.place)}: ` : '';
    problems.push(`${where}${message} The last good deployments are served.`);
    const { deployments, machineSecrets } = before;
    return { machineSecrets, source: undefined, ...(deployments === undefined ? {} : { deployments }) };
  });
  const { source, ...decisions } = deployed;
  const { name, organisation, retention, revokedMedia } = site;
  const served = [
    ...[name, organisation, signing.publicKey.fingerprint, [...sequences], [...bootImages], [...revokedMedia], source],
  ];
  const digest = await digestOf(served, site);
  const serial =
    before?.digest === digest
      ? before.serial
      : await nextSerial(options.state, options.memoryFolder ?? site.folder, (options.now ?? now)());
  const facts = { serial, digest, name, organisation, signing, sequences, bootImages, problems };
  return { ...facts, renewal: renewalOf(site), retention, revokedMedia, ...decisions };
}

/** Machines start from whatever medium they were given: the default boot image is the one for all of them. */
function renewalOf({ folder, defaults, deploymentSettings }: Site): Catalogue['renewal'] {
  const { bootImage } = defaults;
  const folders = [join(folder, 'boot-images', bootImage), defaultBootImageFolder(bootImage)];
  return { folders, ...deploymentSettings.bootImages };
}

/** @throws BW-DEPLOY-008 */
async function deploymentsOf(
  { passphrase }: KeeperOptions,
  site: Site,
): Promise<Pick<Catalogue, 'deployments' | 'machineSecrets'> & { readonly source: unknown }> {
  const source = catalogueSource(site);
  const { devices, collections, deployments } = source;
  if (devices.length + collections.length + deployments.length === 0) return { machineSecrets: {}, source: undefined };
  const names = [...devices, ...collections].flatMap(({ variables }) =>
    variables.flatMap(({ value }) => (isSecretReference(value) ? [value.$secret] : [])),
  );
  return {
    deployments: buildCatalogue(source),
    machineSecrets: names.length === 0 ? {} : await readSecrets(site.folder, [...new Set(names)], passphrase),
    source: { ...source, bootImages: [...source.bootImages] },
  };
}

async function compileSequence(
  { passphrase, content }: KeeperOptions,
  site: Site,
  id: string,
): Promise<{ readonly served?: ServedSequence; readonly wrong: readonly string[] }> {
  const request = { site, sequenceId: id, mediaKind: 'bootable' as const, allowMissing: true };
  try {
    // First with empty values, to learn which secrets are used: only those are opened.
    const blank = Object.fromEntries(site.secrets.map((name) => [name, '']));
    const first = await compilePolicy({ ...request, secrets: blank });
    const names = first.compiled?.secretsUsed.map((secret) => secret.name) ?? [];
    const { compiled, problems } =
      names.length === 0
        ? first
        : await compilePolicy({ ...request, secrets: await readSecrets(site.folder, names, passphrase) });
    if (compiled === undefined)
      return { wrong: problems.filter(({ severity }) => severity === 'error').map(problemLine) };
    const items: (typeof compiled.policy.content)[number][] = [];
    for (const entry of compiled.content) items.push({ ...entry.item, sha256: await content.add(entry) });
    const { missing, wantedBy } = compiled;
    const policy = { ...compiled.policy, content: items, filesDigest: contentDigest(items) };
    const bootImage = bootImageOf(site, compiled.policy.sequence);
    return {
      served: { id, bootImage, policy, missing, wantedBy },
      wrong: problems.filter(isToBeSaid).map(problemLine),
    };
  } catch (error) {
    return { wrong: [`sequences/${id}: ${(error as Error).message}`] };
  }
}

/** Errors that are none here (content that may still come), and what the person who edits content waits for. */
function isToBeSaid({ severity, code }: Problem): boolean {
  return severity === 'error' || code === 'BW-CONTENT-046';
}

/** Of everything that is served: another one is another policy. */
async function digestOf(served: readonly unknown[], site: Site): Promise<string> {
  const digest = createHash('sha256');
  digest.update(JSON.stringify(served));
  for (const name of site.secrets) digest.update(await readBytes(join(site.folder, 'secrets', `${name}.age`)));
  return digest.digest('hex');
}

function problemLine(problem: Problem): string {
  return `${formatPlace(problem)}: ${problem.message}`;
}
