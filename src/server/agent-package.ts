import { dirname } from 'node:path';
import { ownParts } from '../boot/own-parts.ts';
import { tarEnd, tarHeader, tarPadding } from '../formats/tar.ts';
import { now } from '../host/clock.ts';
import { exists, listFiles, mkdir, readStream, rename, sizeOf, syncFolder } from '../host/files.ts';
import { randomId } from '../host/random.ts';
import { writeHashed } from '../host/write-hashed.ts';
import { BootwrightError } from '../model/error.ts';
import { ensureKeys, readPublicKeys } from '../trust/keys.ts';
import { formatPublicKey } from '../trust/public-key.ts';
import { siteAuthority } from './certificates.ts';

export interface AgentPackageRequest {
  readonly siteFolder: string;
  readonly siteName: string;
  /** Origins, `https://host:port`, in the order they are to be tried. */
  readonly servers: readonly string[];
  /** `http://host:port`, between those systems and the servers. */
  readonly proxy?: string;
}

/** Archive members below this folder. */
export const packageFolder = 'bootwright-agent';

const installer = `#!/bin/sh
# Installs the Bootwright agent on this system. Needs root, systemd and glibc 2.28; brings its own Node.
here=$(cd "$(dirname "$0")" && pwd) || exit 1
# Carried as the content of a package it has lost its mode.
[ -x "$here/node" ] || chmod 0755 "$here/node" || exit 1
exec "$here/node" "$here/program/agent.mjs" client install --from "$here"
`;

/**
 * The agent for running systems, its Node, and whom it asks and believes, as a tar archive: unpack it and run
 * `bootwright-agent/install`. Holds no secret. @throws BW-BOOT-010, BW-SERVER-020
 */
export async function agentPackage({ siteFolder, siteName, servers, proxy }: AgentPackageRequest): Promise<{
  readonly archive: AsyncIterable<Uint8Array>;
  readonly keys: readonly string[];
}> {
  await ensureKeys(siteFolder);
  const { agent, node } = await ownParts();
  const { certificate } = await siteAuthority(siteFolder, siteName, now());
  const keys = (await readPublicKeys(siteFolder)).filter(
    ({ purpose, status }) => purpose === 'signing' && status === 'active',
  );
  const texts: readonly (readonly [name: string, text: string, executable?: boolean])[] = [
    ['install', installer, true],
    [
      'etc/server.json',
      `${JSON.stringify({ servers, siteName, ...(proxy === undefined ? {} : { network: { proxy } }) })}\n`,
    ],
    ['etc/ca.pem', certificate],
    ...keys.map((key) => [`etc/keys/${key.fingerprint.slice(0, 16)}.pub`, formatPublicKey(key)] as const),
  ];
  async function* archive(): AsyncGenerator<Uint8Array> {
    const modified = Math.floor(now().getTime() / 1000);
    const header = (name: string, size: number, executable = false): Uint8Array =>
      tarHeader({ name: `${packageFolder}/${name}`, size, modified, executable });
    for (const [name, text, executable] of texts) {
      const bytes = Buffer.from(text);
      yield header(name, bytes.length, executable);
      yield bytes;
      yield tarPadding(bytes.length);
    }
    const files = (await listFiles(agent)).map((name) => [`program/${name}`, `${agent}/${name}`, false] as const);
    for (const [name, source, executable] of [['node', node, true] as const, ...files]) {
      const size = await sizeOf(source);
      yield header(name, size, executable);
      yield* readStream(source);
      yield tarPadding(size);
    }
    yield tarEnd();
  }
  return { archive: archive(), keys: keys.map(({ fingerprint }) => fingerprint) };
}

/** Writes the package into a file, whole or not at all. @throws BW-HOST-004, BW-HOST-005 */
export async function writeAgentPackage(
  request: AgentPackageRequest,
  file: string,
  force: boolean,
): Promise<{ readonly size: number; readonly sha256: string; readonly keys: readonly string[] }> {
  if (!force && (await exists(file)))
    throw new BootwrightError('BW-HOST-005', `${file} exists already: nothing was written.`);
  const { archive, keys } = await agentPackage(request);
  await mkdir(dirname(file), { recursive: true });
  const temporary = `${file}.${randomId()}`;
  const { size, sha256, settled } = await writeHashed(temporary, archive, 0o644);
  await rename(temporary, file);
  settled();
  await syncFolder(dirname(file));
  return { size, sha256, keys };
}
