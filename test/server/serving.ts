import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type RunningServer, type ServeRequest, startServer } from '../../src/server/serve.ts';
import type { ServiceNotice } from '../../src/server/service.ts';
import { openExistingState, type State } from '../../src/server/state/state.ts';
import { activeKey, ensureKeys } from '../../src/trust/keys.ts';
import { setSecret } from '../../src/trust/secret-store.ts';
import { withSite } from '../site/site-folder.ts';
import { Client } from './client.ts';

export const siteFiles = {
  'site.yaml': 'name: Lab\norganisation: Example\n',
  'packages/tools/run.sh': '#!/bin/sh\necho hello\n',
  'packages/tools/sub/empty': '',
  'sequences/debian.yaml': `name: Debian 13
variables: { AdminPassword: !secret admin }
steps:
  - { step: apply-operating-system-image, image: debian, index: 1, volume: '%OSDisk%' }
  - { step: run-command-line, command: ./run.sh, package: tools }
`,
  'sequences/open.yaml': `name: Nothing secret
steps:
  - { step: run-command-line, command: ./run.sh, package: tools }
`,
};

export interface Serving {
  readonly folder: string;
  readonly server: RunningServer;
  readonly client: Client;
  readonly notices: ServiceNotice[];
  /** As another process opens it. */
  readonly state: State;
}

/** A folder for keys and caches that is not this user's, gone afterwards. */
export async function withOwnHome<T>(use: () => Promise<T>): Promise<T> {
  const home = await mkdtemp(join(tmpdir(), 'home-'));
  const { XDG_CONFIG_HOME, XDG_CACHE_HOME } = process.env;
  Object.assign(process.env, { XDG_CONFIG_HOME: home, XDG_CACHE_HOME: home });
  try {
    return await use();
  } finally {
    for (const [name, value] of Object.entries({ XDG_CONFIG_HOME, XDG_CACHE_HOME })) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    await rm(home, { recursive: true, force: true });
  }
}

/** A site with keys and a secret. */
export async function withKeyedSite<T>(use: (folder: string) => Promise<T>): Promise<T> {
  return withOwnHome(() =>
    withSite(siteFiles, async (folder) => {
      await ensureKeys(folder);
      await setSecret(folder, 'admin', 'correct horse');
      return use(folder);
    }),
  );
}

export async function clientOf(folder: string, port: number): Promise<Client> {
  const { raw } = await activeKey(folder, 'signing');
  return new Client(port, await readFile(join(folder, 'keys', 'ca.pem'), 'utf8'), raw);
}

/** A served site on a free port of the loopback interface. */
export async function withServer<T>(
  use: (serving: Serving) => Promise<T>,
  { files = {}, ...options }: Partial<ServeRequest> & { readonly files?: Readonly<Record<string, string>> } = {},
): Promise<T> {
  return withKeyedSite(async (folder) => {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), text);
    }
    const notices: ServiceNotice[] = [];
    const server = await startServer({
      ...{ siteFolder: folder, address: '127.0.0.1', port: 0, names: ['localhost', '127.0.0.1'] },
      ...{ onNotice: (notice) => notices.push(notice), onCatalogue: () => {} },
      ...options,
    });
    const state = await openExistingState(folder);
    const client = await clientOf(folder, server.port);
    const stop = new AbortController();
    try {
      return await use({ folder, server, client, notices, state });
    } finally {
      client.close();
      await state.destroy();
      stop.abort();
      await server.finish(stop.signal);
    }
  });
}
