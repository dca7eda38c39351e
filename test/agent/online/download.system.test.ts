import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { OnlineContent, readFileList } from '../../../src/agent/online/content.ts';
import { ContentServers } from '../../../src/agent/online/content-servers.ts';
import { download } from '../../../src/agent/online/download.ts';
import { Servers } from '../../../src/agent/online/servers.ts';
import { HttpsClient } from '../../../src/host/https-client.ts';
import { newKey } from '../medium-tree.ts';
import { scripted } from '../scripted.ts';
import { makeAuthority, type TestAuthority } from './authority.ts';
import { onlinePolicy } from './online-run.ts';
import { type Site, type SiteOptions, serveSite, token } from './site-server.ts';

const key = newKey();
const bytes = Buffer.from(Array.from({ length: 3 << 20 }, (_, index) => (index * 31 + (index >> 8)) & 255));
const sha256 = createHash('sha256').update(bytes).digest('hex');
let authority: TestAuthority;
let folder: string;
const sites: Site[] = [];
const warnings: string[] = [];

beforeAll(async () => {
  authority = await makeAuthority();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'download-'));
});
afterEach(async () => {
  warnings.length = 0;
  for (const site of sites.splice(0)) await site.close();
  await rm(folder, { recursive: true });
});

async function site(options: Partial<SiteOptions> = {}): Promise<Site> {
  const content = new Map([[sha256, bytes]]);
  const served = await serveSite({ authority, key, policy: onlinePolicy(key), content, ...options });
  sites.push(served);
  return served;
}

/** Sends the head of an answer and so many bytes, then cuts the line; once. */
function cutOnce(after: number): SiteOptions['before'] {
  let isCut = false;
  return ({ path }, socket) => {
    if (isCut || !path.startsWith('/v1/content/')) return undefined;
    isCut = true;
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${bytes.length}\r\n\r\n`);
    socket.write(bytes.subarray(0, after), () => setTimeout(() => socket.destroy(), 50));
    return true;
  };
}

const { clock } = scripted([]).context;

async function fetchFrom(sitesToAsk: readonly Site[], current = token): Promise<number> {
  let received = 0;
  let opens = current;
  const client = new HttpsClient(authority.certificate);
  await download({
    servers: new ContentServers({
      servers: new Servers(
        client,
        sitesToAsk.map(({ origin }) => origin),
      ),
      token: {
        current: async () => opens,
        async renew() {
          opens = token;
        },
      },
      clock,
    }),
    ...{ clock, sha256, path: `${folder}/image.wim`, mode: 0o600 },
    onBytes: (count) => {
      received += count;
    },
    warn: (text) => void warnings.push(text),
  }).finally(() => client.close());
  return received;
}

const ranges = ({ asked }: Site): unknown[] => asked.map(({ headers }) => headers['range']);

describe('download', () => {
  it('goes on where the server went away, and checks the whole', async () => {
    const served = await site({ before: cutOnce(1_000_000) });
    expect(await fetchFrom([served])).toBe(bytes.length);
    expect(await readFile(`${folder}/image.wim`)).toEqual(bytes);
    // What came last may be lost with the line.
    expect(ranges(served)).toEqual([undefined, expect.stringMatching(/^bytes=(9\d{5}|1000000)-$/)]);
    expect(served.asked[1]?.headers['if-range']).toBe(`"${sha256}"`);
  });

  it('goes on at the next server when the first is gone for good', async () => {
    const first = await site({ before: cutOnce(500_000) });
    const second = await site();
    await fetchFrom([first, second]);
    expect(ranges(second)).toEqual([expect.stringMatching(/^bytes=(4\d{5}|500000)-$/)]);
    expect(await readFile(`${folder}/image.wim`)).toEqual(bytes);
  });

  it('goes on with what an earlier start of the machine left', async () => {
    await writeFile(`${folder}/image.wim.part`, bytes.subarray(0, 123_456));
    const served = await site();
    await fetchFrom([served]);
    expect(ranges(served)).toEqual(['bytes=123456-']);
    expect(await readFile(`${folder}/image.wim`)).toEqual(bytes);
  });

  it('starts anew when what was there turns out to be damaged', async () => {
    await writeFile(`${folder}/image.wim.part`, Buffer.alloc(1000, 1));
    const served = await site();
    await fetchFrom([served]);
    expect(ranges(served)).toEqual(['bytes=1000-', undefined]);
    expect(await readFile(`${folder}/image.wim`)).toEqual(bytes);
  });

  it('never lets wrong bytes appear under the name', async () => {
    const served = await site({ content: new Map([[sha256, Buffer.from('something else')]]) });
    await expect(fetchFrom([served])).rejects.toMatchObject({ code: 'BW-AGENT-040' });
    await expect(stat(`${folder}/image.wim`)).rejects.toThrow();
  });

  it('renews a token that has expired', async () => {
    const served = await site();
    await fetchFrom([served], 'old');
    expect(served.asked.map(({ headers }) => headers['authorization'])).toEqual(['Bearer old', `Bearer ${token}`]);
  });

  it('gives up when nobody has it, in the end', async () => {
    const served = await site({ content: new Map() });
    await expect(fetchFrom([served])).rejects.toMatchObject({ code: 'BW-AGENT-040' });
    expect(served.asked.length).toBeGreaterThan(10);
  });
});

describe('content of a policy', () => {
  const list = `${sha256}  a/big.bin\n${createHash('sha256').update('x').digest('hex')}  x.txt\n`;
  const listHash = createHash('sha256').update(list).digest('hex');

  async function contentOf(size: number): Promise<OnlineContent> {
    const x = Buffer.from('x');
    const files: [string, Uint8Array][] = [
      [sha256, bytes],
      [listHash, Buffer.from(list)],
      [createHash('sha256').update(x).digest('hex'), x],
    ];
    const served = await site({ content: new Map(files) });
    const { context } = scripted([]);
    return new OnlineContent({
      context: { ...context, paths: { ...context.paths, root: `${folder}/memory` } },
      policy: onlinePolicy(key, {
        content: [
          { id: 'IMG', kind: 'os-image', name: 'Image', file: 'content/IMG/i.wim', size, sha256 },
          { id: 'PKG', kind: 'package', name: 'Tools', file: 'content/PKG', size: bytes.length + 1, sha256: listHash },
        ],
      }),
      servers: new Servers(new HttpsClient(authority.certificate), [served.origin]),
      token: { current: async () => token, renew: async () => undefined },
    });
  }

  it('lies on the volume once there is one, where the deployed system looks for it', async () => {
    const content = await contentOf(bytes.length);
    const { path } = await content.locate('img', `${folder}/root`);
    expect(path).toBe(`${folder}/root/_SMSTaskSequence/Packages/IMG/i.wim`);
    expect(await readFile(path)).toEqual(bytes);
  });

  it('brings a package file by file, first into memory', async () => {
    const content = await contentOf(1);
    const { path } = await content.locate('PKG', undefined);
    expect(path.startsWith(`${folder}/memory/run/bootwright/content/`)).toBe(true);
    expect(await readFile(`${path}/a/big.bin`)).toEqual(bytes);
    expect(await readFile(`${path}/x.txt`, 'utf8')).toBe('x');
    expect((await stat(`${path}/x.txt`)).mode & 0o777).toBe(0o700);
  });

  it('fetches again what a step has formatted away, and what somebody changed', async () => {
    const content = await contentOf(bytes.length);
    const { path } = await content.locate('IMG', `${folder}/root`);
    await rm(path);
    await content.locate('IMG', `${folder}/root`);
    expect(await readFile(path)).toEqual(bytes);
    await writeFile(path, 'changed');
    await (await contentOf(bytes.length)).locate('IMG', `${folder}/root`);
    expect(await readFile(path)).toEqual(bytes);
  });

  it('says that there is no room instead of filling memory', async () => {
    const content = await contentOf(1e15);
    await expect(content.locate('IMG', undefined)).rejects.toMatchObject({ code: 'BW-AGENT-041' });
  });

  it.each(['../x', '/x', 'a//b', 'a/./b', ''])('takes no list that leads to %j', (name) => {
    expect(() => readFileList(`${sha256}  ${name}\n`, 'PKG')).toThrow(/line that is none/);
  });
});
