import { createHash } from 'node:crypto';
import { truncateSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Decrypter } from 'age-encryption';
import { describe, expect, it } from 'vitest';
import { OnlineContent } from '../../src/agent/online/content.ts';
import { Servers } from '../../src/agent/online/servers.ts';
import { blobPath, listBlobs } from '../../src/content/library/blobs.ts';
import { collectGarbage } from '../../src/content/library/collect.ts';
import { removeContent } from '../../src/content/library/remove.ts';
import { HttpsClient } from '../../src/host/https-client.ts';
import { silentProgress } from '../../src/model/progress.ts';
import { contentInUse } from '../../src/server/content-in-use.ts';
import { startServer } from '../../src/server/serve.ts';
import { approve, endSession, sessionKeyOf } from '../../src/server/state/sessions.ts';
import { openExistingState } from '../../src/server/state/state.ts';
import { readStatus } from '../../src/server/status.ts';
import { bringIn } from '../../src/site/bring-in.ts';
import { loadSite } from '../../src/site/load.ts';
import { scripted } from '../agent/scripted.ts';
import { type Client, Machine, newNonce } from './client.ts';
import { clientOf, withKeyedSite } from './serving.ts';

const files = {
  'devices/lab-01.yaml': "macs: ['52:54:00:00:00:01']\n",
  'collections/lab.yaml': 'members: [lab-01]\n',
  'deployments/D1.yaml': 'sequence: main\ncollection: lab\npurpose: available\n',
  'packages/tools/run.sh': 'first\n',
  'packages/plain/a.txt': 'lies in the site',
};
const run = (id: string, name = id): string =>
  `  - { step: run-command-line, name: "${name}", command: x, package: "${id}" }\n`;
const main = (...ids: string[]): string => `name: Main\nsteps:\n${ids.map((id) => run(id)).join('')}`;

async function put(folder: string, some: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(some)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}

async function add(folder: string, ...ids: string[]): Promise<void> {
  await bringIn(await loadSite(folder), ids, { progress: silentProgress });
}

const libraryOf = (folder: string): string => join(folder, '.bootwright', 'content');

async function withLibrary(
  some: Readonly<Record<string, string>>,
  use: (folder: string) => Promise<void>,
): Promise<void> {
  await withKeyedSite(async (folder) => {
    for (const name of ['sequences/debian.yaml', 'packages/tools/sub'])
      await rm(join(folder, name), { recursive: true });
    await put(folder, { ...files, ...some });
    await use(folder);
  });
}

interface Live {
  readonly client: Client;
  readonly notices: string[];
  problems(): readonly string[];
}

async function live<T>(folder: string, use: (live: Live) => Promise<T>, more: object = {}): Promise<T> {
  const notices: string[] = [];
  let problems: readonly string[] = [];
  const server = await startServer({
    ...{ siteFolder: folder, address: '127.0.0.1', port: 0, names: ['localhost', '127.0.0.1'] },
    onNotice: ({ text }) => notices.push(text),
    onCatalogue: (catalogue) => {
      problems = catalogue.problems;
    },
    ...more,
  });
  problems = server.catalogue.problems;
  const client = await clientOf(folder, server.port);
  const stop = new AbortController();
  try {
    return await use({ client, notices, problems: () => problems });
  } finally {
    client.close();
    stop.abort();
    await server.finish(stop.signal);
  }
}

async function register(client: Client, machine: Machine) {
  const { json } = await client.post('/v1/sessions', machine.registration);
  return client.open(json, { format: 'bootwright-registration/1', nonce: machine.nonce });
}

async function ask(client: Client, session: string) {
  const nonce = newNonce();
  const answer = await client.post(`/v1/sessions/${session}/policy`, { deployment: 'D1', nonce });
  const grant = answer.status === 200 && client.open(answer.json, { format: 'bootwright-policy-grant/1', nonce });
  return { answer, grant };
}

/** Registers, gets the policy, and reads content as an agent would. */
async function begin(client: Client) {
  const machine = await Machine.start();
  const { session } = await register(client, machine);
  const { grant } = await ask(client, session);
  const policy = await machine.decrypt(grant);
  return { session, policy, fetch: fetcher(client, grant.contentToken) };
}

function fetcher(client: Client, token: string) {
  return async (sha256: string): Promise<{ status: number; body: Buffer }> =>
    client.ask(`/v1/content/${sha256}`, { headers: { authorization: `Bearer ${token}` } });
}

type Fetch = ReturnType<typeof fetcher>;

/** Every file of a package by its list, with hashes compared. */
async function unpack(fetch: Fetch, sha256: string): Promise<Record<string, string>> {
  const list = await fetch(sha256);
  expect(createHash('sha256').update(list.body).digest('hex')).toBe(sha256);
  const found: Record<string, string> = {};
  for (const line of list.body.toString().split('\n').filter(Boolean)) {
    const [hash = '', path = ''] = line.split('  ');
    const { status, body } = await fetch(hash);
    expect(status).toBe(200);
    expect(createHash('sha256').update(body).digest('hex')).toBe(hash);
    found[path] = body.toString();
  }
  return found;
}

describe('a served sequence', () => {
  it('gets the newest version of the library, the one it pins, and what lies plainly in the site', async () => {
    await withLibrary(
      { 'sequences/main.yaml': main('tools', 'tools@1', 'plain', 'hello.sh', 'office') },
      async (folder) => {
        const install = 'install: { command: x }\ndetection: [{ file: /x }]\n';
        await put(folder, {
          'scripts/hello.sh': 'echo hello',
          'applications/office.yaml': `name: Office\n${install}dependencies: [runtime]\n`,
          'applications/runtime.yaml': `name: Runtime\n${install}`,
          'applications/runtime/lib.so': 'runtime',
          'packages/tools/package.yaml': 'programs: [{ name: Install, command: sh run.sh }]\n',
        });
        await add(folder, 'tools', 'hello.sh', 'office', 'runtime');
        await writeFile(join(folder, 'packages/tools/run.sh'), 'second\n');
        await add(folder, 'tools');
        // Nothing of it is needed any more where it came from.
        for (const name of ['packages/tools', 'scripts', 'applications'])
          await rm(join(folder, name), { recursive: true });
        await live(folder, async ({ client, problems }) => {
          expect(problems()).toEqual([]);
          const { policy, fetch } = await begin(client);
          const items = Object.fromEntries(policy.content.map((item: { id: string }) => [item.id, item]));
          expect(Object.keys(items)).toEqual(['tools', 'tools@1', 'plain', 'hello.sh', 'runtime', 'office']);
          expect(items['tools']).toMatchObject({ version: 2, definition: { programs: [{ name: 'Install' }] } });
          expect(items['office'].definition).toMatchObject({ dependencies: ['runtime'], detection: [{ file: '/x' }] });
          expect((await unpack(fetch, items['tools'].sha256))['run.sh']).toBe('second\n');
          expect((await unpack(fetch, items['tools@1'].sha256))['run.sh']).toBe('first\n');
          expect(await unpack(fetch, items['plain'].sha256)).toEqual({ 'a.txt': 'lies in the site' });
          expect(await unpack(fetch, items['runtime'].sha256)).toEqual({ 'lib.so': 'runtime' });
          expect((await fetch(items['hello.sh'].sha256)).body.toString()).toBe('echo hello');
        });
      },
    );
  });

  it('gets a new version as soon as that is in the library, and says when the site is ahead of it', async () => {
    await withLibrary({ 'sequences/main.yaml': main('tools') }, async (folder) => {
      await add(folder, 'tools');
      await live(folder, async ({ client, problems }) => {
        await writeFile(join(folder, 'packages/tools/run.sh'), 'changed\n');
        await until(() => problems().some((text) => /tools was changed in the site after tools@1/.test(text)));
        expect((await begin(client)).policy.content[0].version).toBe(1);
        await add(folder, 'tools');
        await until(async () => (await begin(client)).policy.content[0].version === 2);
        await until(() => problems().length === 0);
      });
    });
  });

  it('gets confidential content as ciphertext, whose key is in the policy only', async () => {
    const secret = 'the licence key is 12345';
    const confidential = {
      'sequences/main.yaml': main('vault'),
      'packages/vault/package.yaml': 'confidential: true\n',
      'packages/vault/licence.txt': secret,
    };
    await withLibrary(confidential, async (folder) => {
      await live(folder, async ({ problems, client }) => {
        expect(problems().join()).toMatch(/vault is confidential and not in the content library/);
        expect((await register(client, await Machine.start())).release).toBe('refused');
      });
      await add(folder, 'vault');
      await live(folder, async ({ client, problems }) => {
        expect(problems()).toEqual([]);
        const machine = await Machine.start();
        const { session, release } = await register(client, machine);
        // Who is asked for a key is asked who he is.
        expect(release).toBe('approval');
        expect((await ask(client, session)).answer.status).toBe(403);
        const state = await openExistingState(folder);
        await approve(state, machine.code(client.signingKey), new Date());
        await state.destroy();
        const { grant, answer } = await ask(client, session);
        const policy = await machine.decrypt(grant);
        const identity: string = policy.secrets['content-key'];
        expect(answer.body.toString()).not.toContain(identity);
        const fetch = fetcher(client, grant.contentToken);
        const [item] = policy.content;
        expect(item.confidential.recipient).toMatch(/^age1/);
        const list = (await fetch(item.sha256)).body.toString();
        expect(list).toMatch(/^[0-9a-f]{64} {2}licence\.txt\n# plain tag [0-9a-f]{64}\n/);
        const { body } = await fetch(list.slice(0, 64));
        expect(body.includes(secret)).toBe(false);
        const decrypter = new Decrypter();
        decrypter.addIdentity(identity);
        expect(await decrypter.decrypt(body, 'text')).toBe(secret);

        const { context } = scripted([]);
        const https = new HttpsClient(await readFile(join(folder, 'keys/ca.pem'), 'utf8'));
        const agent = new OnlineContent({
          context: { ...context, paths: { ...context.paths, root: join(folder, 'memory') } },
          ...{ policy, servers: new Servers(https, [`https://localhost:${client.port}`]) },
          token: { current: async () => grant.contentToken, renew: async () => undefined },
        });
        expect(await agent.isThere('vault')).toBe(true);
        const { path } = await agent.locate('vault', join(folder, 'root'));
        expect(await readFile(join(path, 'licence.txt'), 'utf8')).toBe(secret);
        https.close();
      });
    });
  });
});

describe('content that is missing', () => {
  const wants = 'name: Main\nsteps:\n'.concat(run('gone', 'First'), run('tools', 'Second'), run('tools@9', 'Third'));

  it('stops an available deployment at once, with everything that is missing and the steps that want it', async () => {
    await withLibrary({ 'sequences/main.yaml': wants }, async (folder) => {
      await add(folder, 'tools');
      await live(folder, async ({ client, problems, notices }) => {
        expect(problems().join('\n')).toMatch(/no content "gone"[\s\S]*no version 9 of "tools"/);
        const { session } = await register(client, await Machine.start());
        const { answer } = await ask(client, session);
        expect(answer).toMatchObject({ status: 503, json: { code: 'BW-SERVER-040' } });
        expect(answer.json.missing.map(({ id, step }: Record<string, string>) => [id, step])).toEqual([
          ['gone', 'First'],
          ['tools@9', 'Third'],
        ]);
        expect(answer.json).not.toHaveProperty('retryAfterSeconds');
        expect(answer.body.toString()).not.toContain(folder);
        expect(notices.join()).toContain('cannot start');
      });
    });
  });

  it('makes a required one wait until its deadline, and lets it go on when it has come', async () => {
    const required = (at: string): string =>
      `sequence: main\ncollection: lab\npurpose: required\nschedule: { assignments: ['${at}'] }\n`;
    const some = {
      'sequences/main.yaml': main('tools', 'gone'),
      'deployments/D1.yaml': required('2999-01-01T00:00:00Z'),
    };
    await withLibrary(some, async (folder) => {
      await live(folder, async ({ client }) => {
        const machine = await Machine.start();
        const { session, offers } = await register(client, machine);
        expect(offers).toMatchObject([{ purpose: 'required', deadline: '2999-01-01T00:00:00Z' }]);
        const { answer } = await ask(client, session);
        expect(answer).toMatchObject({ status: 503, json: { retryAfterSeconds: 60, missing: [{ id: 'gone' }] } });
        expect(answer.headers['retry-after']).toBe('60');
        await put(folder, { 'packages/gone/here': 'now' });
        await until(async () => (await ask(client, session)).answer.status === 200);
      });
      await rm(join(folder, 'packages/gone'), { recursive: true });
      await put(folder, { 'deployments/D1.yaml': required('2020-01-01T00:00:00Z') });
      const state = await openExistingState(folder);
      await state.deleteFrom('required_offers').execute();
      await state.destroy();
      await live(folder, async ({ client }) => {
        const { answer } = await ask(client, (await register(client, await Machine.start())).session);
        expect(answer.json).toMatchObject({ code: 'BW-SERVER-040' });
        expect(answer.json).not.toHaveProperty('retryAfterSeconds');
      });
    });
  });

  it('is found by verifying, named in the status, and not served any more', async () => {
    await withLibrary({ 'sequences/main.yaml': main('tools') }, async (folder) => {
      await add(folder, 'tools');
      const sha256 = createHash('sha256').update('first\n').digest('hex');
      await rm(join(folder, 'packages/tools'), { recursive: true });
      const path = blobPath(libraryOf(folder), sha256);
      await chmod(path, 0o644);
      // The same size, so that only reading it can tell.
      await writeFile(path, 'fIrst\n');
      await live(
        folder,
        async ({ client, notices }) => {
          await until(() => notices.some((text) => text.includes(`${sha256} is damaged`)));
          const state = await openExistingState(folder);
          const status = await readStatus(state);
          await state.destroy();
          expect(status?.content).toMatchObject({ every: 'weekly', state: 'waiting', files: 0 });
          expect(status?.content.damaged).toMatchObject([{ sha256, usedBy: ['tools@1: run.sh'] }]);
          expect(Date.parse(status?.content.verified ?? '')).toBeGreaterThan(Date.now() - 60_000);
          const { answer } = await ask(client, (await register(client, await Machine.start())).session);
          expect(answer.json.missing).toEqual([
            { id: 'tools', step: 'tools', message: 'A file of tools is missing or damaged.' },
          ]);
        },
        { verifyAfter: 0 },
      );
      expect(await readdir(join(libraryOf(folder), 'damaged'))).toHaveLength(1);
    });
  });
});

it('a file that is cut off is missing, and one that is cut off while it is sent is no whole answer', async () => {
  await withLibrary({ 'sequences/main.yaml': main('tools', 'plain') }, async (folder) => {
    const large = join(folder, 'packages/plain/large');
    await writeFile(large, Buffer.alloc(64 * 2 ** 20));
    await add(folder, 'tools');
    await live(folder, async ({ client }) => {
      const { fetch, policy } = await begin(client);
      const list = (await fetch(policy.content[1].sha256)).body.toString();
      const [sha256 = ''] =
        list
          .split('\n')
          .find((line) => line.endsWith('  large'))
          ?.split('  ') ?? [];
      const { session } = await register(client, await Machine.start());
      const { grant } = await ask(client, session);
      const headers = { authorization: `Bearer ${grant.contentToken}` };
      const broken = client.ask(`/v1/content/${sha256}`, { headers }, () => truncateSync(large, 1000));
      await expect(broken).rejects.toThrow(/aborted|hang up|ECONNRESET/);

      const path = blobPath(libraryOf(folder), createHash('sha256').update('first\n').digest('hex'));
      await chmod(path, 0o644);
      await truncate(path, 2);
      await delay(1100);
      const { answer } = await ask(client, (await register(client, await Machine.start())).session);
      // The site's own file was hashed again meanwhile: what is there now is what is served.
      expect(answer.json.missing).toMatchObject([{ id: 'tools' }]);
    });
  });
});

it('collecting spares what is served, and what a run that has begun still fetches, also over a restart', async () => {
  await withLibrary({ 'sequences/main.yaml': main('tools') }, async (folder) => {
    const library = libraryOf(folder);
    const collect = async (): Promise<string[]> => {
      await collectGarbage(library, { olderThanSeconds: -1, alsoUsed: await contentInUse(folder) });
      const left: string[] = [];
      for await (const { sha256 } of listBlobs(library)) left.push(await readFile(blobPath(library, sha256), 'utf8'));
      return left.sort();
    };
    await add(folder, 'tools');
    const begun = await live(folder, async ({ client }) => {
      const first = await begin(client);
      await put(folder, { 'packages/tools/run.sh': 'second\n' });
      await add(folder, 'tools');
      await until(async () => (await begin(client)).policy.content[0].version === 2);
      await removeContent(library, { id: 'tools', version: 1 });
      expect(await collect()).toEqual(['first\n', 'second\n']);
      return first;
    });
    // Removed by somebody who does not know that it is served.
    await removeContent(library, { id: 'tools' });
    expect(await collect()).toEqual(['first\n', 'second\n']);
    await live(folder, async ({ client }) => {
      // The same session asks again, which renews its token; its run goes on with what it was given first.
      const { grant } = await ask(client, begun.session);
      const [item] = begun.policy.content;
      expect(await unpack(fetcher(client, grant.contentToken), item.sha256)).toEqual({ 'run.sh': 'first\n' });
    });
    const state = await openExistingState(folder);
    const sessions = await state.selectFrom('sessions').select('key').execute();
    for (const { key } of sessions) if (key !== sessionKeyOf(begun.session)) await endSession(state, key);
    await state.updateTable('settings').set({ value: '[]' }).where('name', '=', 'served-content').execute();
    await endSession(state, sessionKeyOf(begun.session));
    await state.destroy();
    expect(await collect()).toEqual([]);
  });
});

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await holds()); tries += 1) {
    if (tries > 200) throw new Error('it never came to that');
    await delay(50);
  }
}
