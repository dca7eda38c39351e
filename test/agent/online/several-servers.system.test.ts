import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Encrypter, generateIdentity, identityToRecipient } from 'age-encryption';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { OnlineContent } from '../../../src/agent/online/content.ts';
import { ContentServers, type ContentServersOptions } from '../../../src/agent/online/content-servers.ts';
import { download } from '../../../src/agent/online/download.ts';
import { Servers } from '../../../src/agent/online/servers.ts';
import { contentKeyFrom, plainTag } from '../../../src/content/content-key.ts';
import { formatFileList } from '../../../src/content/file-list.ts';
import { HttpsClient } from '../../../src/host/https-client.ts';
import type { Policy } from '../../../src/model/policy.ts';
import { newKey } from '../medium-tree.ts';
import { scripted } from '../scripted.ts';
import { makeAuthority, type TestAuthority } from './authority.ts';
import { type Fault, type FolderServer, serveFolder, sha256Of } from './folder-server.ts';
import { onlinePolicy } from './online-run.ts';
import { serveProxy } from './proxy.ts';
import { type Site, type SiteOptions, serveSite, token } from './site-server.ts';

const key = newKey();
const bytes = randomBytes(3 << 20);
const sha256 = sha256Of(bytes);
let authority: TestAuthority;
let folder: string;
const closing: { close(): Promise<void> }[] = [];
const warnings: string[] = [];

beforeAll(async () => {
  authority = await makeAuthority();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'servers-'));
});
afterEach(async () => {
  warnings.length = 0;
  for (const one of closing.splice(0)) await one.close();
  await rm(folder, { recursive: true });
});

async function webServer(
  fault: Fault = {},
  contents: readonly (Uint8Array | string)[] = [bytes],
): Promise<FolderServer> {
  const server = await serveFolder(authority, contents, fault);
  closing.push(server);
  return server;
}

async function site(contents: readonly Uint8Array[] = [bytes], more: Partial<SiteOptions> = {}): Promise<Site> {
  const content = new Map(contents.map((one) => [sha256Of(one), one]));
  const served = await serveSite({ authority, key, policy: onlinePolicy(key), content, ...more });
  closing.push(served);
  return served;
}

async function fetchFrom(
  folders: readonly FolderServer[],
  sites: readonly Site[],
  proxy?: ContentServersOptions['proxy'],
): Promise<void> {
  const client = new HttpsClient(authority.certificate);
  let elapsed = 0;
  const clock = {
    now: () => new Date(Date.now() + elapsed),
    async sleep(milliseconds: number) {
      elapsed += milliseconds;
    },
  };
  const servers = new ContentServers({
    servers: new Servers(
      client,
      sites.map(({ origin }) => origin),
    ),
    token: { current: async () => token, renew: async () => undefined },
    folders: folders.map(({ base }) => base),
    ...{ authority: authority.certificate, clock },
    ...(proxy === undefined ? {} : { proxy }),
  });
  closing.push({
    async close() {
      servers.close();
      client.close();
    },
  });
  await download({
    ...{ servers, clock, sha256, path: `${folder}/image.wim`, mode: 0o600 },
    slowest: { bytes: 2 ** 20, milliseconds: 150 },
    onBytes: () => undefined,
    warn: (text) => void warnings.push(text),
  });
  expect(sha256Of(await readFile(`${folder}/image.wim`))).toBe(sha256);
}

it.each([
  ['http', { plain: true }],
  ['https', {}],
] as const)('fetches from a published folder behind a proxy, by %s', async (_, fault) => {
  const published = await webServer(fault);
  const account = 'lab:Grüße!';
  const proxy = await serveProxy(Number(new URL(published.base).port), account, '127.0.0.1');
  closing.push(proxy);
  await fetchFrom([published], [], { origin: `http://${proxy.origin}`, account });
  expect(new Set(proxy.asked.map(([, given]) => given))).toEqual(new Set([account]));
});

describe('content from several servers', () => {
  it('comes from a published folder, which is not told the token', async () => {
    const [published, served] = [await webServer(), await site()];
    await fetchFrom([published], [served]);
    expect(published.asked).toEqual([
      { path: `/site/sha256/${sha256.slice(0, 2)}/${sha256.slice(2)}`, range: undefined, token: undefined },
    ]);
    expect(served.asked).toEqual([]);
  });

  it('comes by plain HTTP too, and not from somebody whose certificate nobody here believes', async () => {
    const stranger = await serveFolder(await makeAuthority(), [bytes]);
    closing.push(stranger);
    const plain = await webServer({ plain: true });
    await fetchFrom([stranger, plain], [await site([])]);
    expect(stranger.asked).toEqual([]);
    expect(plain.asked).toHaveLength(1);
    expect(warnings.join()).toMatch(/certificate does not come from the authority/);
  });

  it('goes on at the next one where one dies, and at the site when no folder is left', async () => {
    const folders = [await webServer({ diesAfter: 1_000_000 }), await webServer({ diesAfter: 500_000 })];
    const served = await site();
    await fetchFrom(folders, [served]);
    // Of what was sent last, a little may be lost with the line.
    const first = Number(/^bytes=(\d+)-$/.exec(folders[1]?.asked[0]?.range ?? '')?.[1]);
    expect(first).toBeGreaterThan(900_000);
    const second = Number(/^bytes=(\d+)-$/.exec(String(served.asked[0]?.headers['range']))?.[1]);
    expect(second).toBeGreaterThan(first + 400_000);
  });

  it('is asked for elsewhere, file by file, when one does not have it', async () => {
    const [empty, published] = [await webServer({}, []), await webServer()];
    await fetchFrom([empty, published], [await site([])]);
    expect(empty.asked).toHaveLength(1);
  });

  it('never comes again from one that lies about bytes', async () => {
    const [liar, honest] = [await webServer({ lies: true }), await webServer()];
    await fetchFrom([liar, honest], [await site([])]);
    expect(liar.asked).toHaveLength(1);
    expect(honest.asked.map(({ range }) => range)).toEqual([undefined]);
    expect(warnings.join()).toContain(`${liar.base} sent something with another hash`);
  });

  it('comes from one server as a whole after a mixture of two was wrong: then it is known who lies', async () => {
    const dying = await webServer({ diesAfter: 1_000_000 });
    const [liar, honest] = [await webServer({ lies: true }), await site()];
    await fetchFrom([dying, liar], [honest]);
    expect(liar.asked.map(({ range }) => range)).toEqual([expect.stringMatching(/^bytes=\d{6,7}-$/), undefined]);
    expect(honest.asked.map(({ headers }) => headers['range'])).toEqual([undefined]);
  });

  it('goes on elsewhere when one is slow, and stays when all others are worse', async () => {
    const [slow, fast] = [await webServer({ slow: true }), await webServer()];
    await fetchFrom([slow, fast], [await site([])]);
    expect(Number(/bytes=(\d+)-/.exec(fast.asked[0]?.range ?? '')?.[1])).toBeGreaterThan(0);
    await rm(`${folder}/image.wim`);
    await fetchFrom([await webServer({ slow: true }), await webServer({}, [])], [await site([])]);
  });

  it('goes on at one that knows no ranges, and is not taken in by a page that says hello', async () => {
    const dying = await webServer({ diesAfter: 1_000_000 });
    await fetchFrom([dying, await webServer({ withoutRanges: true })], [await site([])]);
    await rm(`${folder}/image.wim`);
    await fetchFrom([await webServer({ page: true })], [await site()]);
  });

  it('is given up at once when everybody lies, with what was wrong with each', async () => {
    const liars = [await webServer({ lies: true }), await webServer({ lies: true })];
    await expect(fetchFrom(liars, [])).rejects.toMatchObject({
      code: 'BW-AGENT-040',
      message: expect.stringMatching(/it sends other bytes.*it sends other bytes/),
    });
    expect(await readdir(folder)).toEqual(['image.wim.part']);
    expect((await stat(`${folder}/image.wim.part`)).size).toBe(0);
  });
});

describe('confidential content', () => {
  const secret = 'nobody shall read this'.repeat(9000);

  async function confidential(change: { tag?: string; secrets?: Policy['secrets'] } = {}) {
    const identity = await generateIdentity();
    const encrypter = new Encrypter();
    const recipient = await identityToRecipient(identity);
    encrypter.addRecipient(recipient);
    // Another program's ciphertext of the same format.
    const ciphertext = Buffer.from(await encrypter.encrypt(secret));
    const tag = change.tag ?? plainTag(contentKeyFrom(identity), sha256Of(secret));
    const list = Buffer.from(formatFileList([{ sha256: sha256Of(ciphertext), path: 'a/licence.txt', plainTag: tag }]));
    const policy = onlinePolicy(key, {
      secrets: change.secrets ?? { 'content-key': identity },
      content: [
        {
          ...{ id: 'VAULT', kind: 'package', name: 'Vault', file: 'bootwright/content/VAULT', size: ciphertext.length },
          ...{ sha256: sha256Of(list), confidential: { recipient } },
        },
        {
          ...{ id: 'one.sh', kind: 'script', name: 'one.sh', file: 'bootwright/content/one.sh/one.sh' },
          ...{ size: ciphertext.length, sha256: sha256Of(ciphertext), confidential: { recipient, plainTag: tag } },
        },
      ],
    });
    return { ciphertext, list, policy };
  }

  function contentOf(policy: Policy, served: Site, folders: readonly FolderServer[]): OnlineContent {
    const { context } = scripted([]);
    // Certificates of today, and waiting that costs nothing.
    const clock = { now: () => new Date(), sleep: async () => undefined };
    return new OnlineContent({
      context: { ...context, clock, paths: { ...context.paths, root: `${folder}/memory` } },
      policy: { ...policy, contentServers: folders.map(({ base }) => base) },
      servers: new Servers(new HttpsClient(authority.certificate), [served.origin]),
      token: { current: async () => token, renew: async () => undefined },
      authority: authority.certificate,
    });
  }

  it('comes as ciphertext from any server, and lies decrypted in the work folder only', async () => {
    const { ciphertext, list, policy } = await confidential();
    const folders = [
      await webServer({ diesAfter: 70_000 }, [ciphertext]),
      await webServer({ lies: true }, [ciphertext]),
      await webServer({}, [ciphertext]),
    ];
    const content = contentOf(policy, await site([list]), folders);
    const { path } = await content.locate('vault', `${folder}/root`);
    expect(path).toBe(`${folder}/root/_SMSTaskSequence/Packages/VAULT/VAULT`);
    expect(await readFile(`${path}/a/licence.txt`, 'utf8')).toBe(secret);
    const script = await content.locate('one.sh', `${folder}/root`);
    expect(await readFile(script.path, 'utf8')).toBe(secret);
    expect(await filesBelow(folder)).toEqual([
      'root/_SMSTaskSequence/Packages/VAULT/VAULT/a/licence.txt',
      'root/_SMSTaskSequence/Packages/one.sh/one.sh',
    ]);
    // What was decrypted before the machine was restarted is not fetched again.
    const rest = sha256Of(ciphertext).slice(2);
    const count = (): number => folders.flatMap((one) => one.asked).filter((one) => one.path.endsWith(rest)).length;
    const asked = count();
    await contentOf(policy, await site([list]), folders).locate('vault', `${folder}/root`);
    expect(asked).toBeGreaterThan(2);
    expect(count()).toBe(asked);
  });

  it('leaves nothing when it decrypts to other bytes, and says when its key is missing or another one', async () => {
    const wrong = await confidential({ tag: '0'.repeat(64) });
    const content = contentOf(wrong.policy, await site([wrong.list, wrong.ciphertext]), []);
    await expect(content.locate('VAULT', `${folder}/root`)).rejects.toMatchObject({ code: 'BW-AGENT-046' });
    const foreign: Policy['secrets'] = { 'content-key': await generateIdentity() };
    for (const secrets of [{}, foreign]) {
      const other = await confidential({ secrets });
      const from = contentOf(other.policy, await site([other.list, other.ciphertext]), []);
      await expect(from.locate('VAULT', `${folder}/root`)).rejects.toMatchObject({ code: 'BW-AGENT-046' });
    }
    expect(await filesBelow(folder)).toEqual([]);
  });
});

async function filesBelow(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}
