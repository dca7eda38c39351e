import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { nextBootImage } from '../../../src/agent/online/boot-image.ts';
import { run } from '../../../src/host/process.ts';
import type { BootImageOffer } from '../../../src/model/protocol.ts';
import { activeKey, loadSigningKey } from '../../../src/trust/keys.ts';
import { withKeyedSite } from '../../server/serving.ts';
import { facts as mediumFacts } from '../medium-tree.ts';
import { enter } from '../scripted.ts';
import { forget, type OnlineRun, type OnlineRunOptions, runOnline, wholeFacts } from './online-run.ts';

/** The agent as if it had been built for another version of the protocol; the server is one of today, in its own process. */
const agent = vi.hoisted(() => ({ speaks: 1 }));
vi.mock('../../../src/model/protocol.ts', async (original) => ({
  ...(await original<object>()),
  get protocolVersion() {
    return agent.speaks;
  },
}));

const own = mediumFacts.bootImage.id;
const root = randomBytes(300_001);
const parts = { kernel: Buffer.from('a kernel'), initramfs: Buffer.from('an initramfs!\n\0\0'), root };

let server: ChildProcess | undefined;
beforeEach(() => {
  agent.speaks = 1;
});
afterEach(() => server?.kill());

interface SiteOptions {
  readonly image?: Partial<{ id: string; built: string; protocol: number }> | undefined;
  readonly settings?: string;
  /** What lies on the server's disk instead of the root. */
  readonly root?: Uint8Array;
}

async function withSite(options: SiteOptions, use: (folder: string, port: number) => Promise<void>): Promise<void> {
  await withKeyedSite(async (folder) => {
    const images = join(folder, 'boot-images/default');
    await mkdir(images, { recursive: true });
    await writeFile(
      join(folder, 'site.yaml'),
      `name: Lab\norganisation: Example\ndeployments: { bootImages: { ${options.settings ?? ''} } }\n`,
    );
    const files = Object.fromEntries(
      Object.entries(parts).map(([role, data]) => [
        role,
        { name: `${role}.bin`, size: data.length, sha256: createHash('sha256').update(data).digest('hex') },
      ]),
    );
    for (const [role, data] of Object.entries({ ...parts, root: options.root ?? root }))
      await writeFile(join(images, `${role}.bin`), data);
    if (options.image !== undefined)
      await writeFile(
        join(images, 'boot-image.json'),
        JSON.stringify({
          ...{ format: 'bootwright-boot-image/1', family: 'open', name: 'default', architecture: 'x64', files },
          ...{ id: 'cd'.repeat(32), built: '2026-06-01T00:00:00Z', protocol: 1, kernelVersion: '6.12' },
          ...options.image,
        }),
      );
    const fixture = join(import.meta.dirname, '../../server/serve-fixture.ts');
    server = spawn(process.execPath, [fixture, folder, '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(server.stdout!, 'data')) as [Buffer];
    await use(folder, Number(/port (\d+)/.exec(line.toString())?.[1]));
  });
}

async function boot(folder: string, port: number, options: Partial<OnlineRunOptions> = {}): Promise<OnlineRun> {
  const done = await runOnline({
    servers: [`https://127.0.0.1:${port}`],
    authority: await readFile(join(folder, 'keys/ca.pem'), 'utf8'),
    keys: [{ publicKey: await activeKey(folder, 'signing') } as never],
    machine: { facts: async () => wholeFacts },
    ...options,
    answers: { refusal: [enter], 'approval-waiting': [enter], approval: [enter] },
  });
  await forget(done);
  return done;
}

const screen = ({ pages }: OnlineRun): string => JSON.stringify(pages.at(-1));

describe('an agent that is older than the server', () => {
  it('goes on in the boot image of the site, with what it knew', async () => {
    agent.speaks = 0;
    await withSite({ image: {} }, async (folder, port) => {
      let seen: { kernel: Buffer; initramfs: Buffer; commandLine: string } | undefined;
      const done = await boot(folder, port, {
        startKernel: async ({ kernel, initramfs, commandLine }) => {
          seen = { kernel: await readFile(kernel), initramfs: await readFile(initramfs), commandLine };
        },
      });
      expect(seen?.kernel).toEqual(parts.kernel);
      const archives = seen!.initramfs;
      expect(archives.subarray(0, parts.initramfs.length)).toEqual(parts.initramfs);
      // Read by a foreign program: the settings first, then the root.
      const small = archives.subarray(parts.initramfs.length);
      const large = archives.subarray(archives.indexOf('root.squashfs\0') - 110);
      const listing = await run('cpio', ['-it'], { input: small });
      expect(listing.stdout).toContain('etc/bootwright/ca.pem');
      const file = async (from: Uint8Array, name: string): Promise<string> =>
        (await run('sh', ['-c', `cpio -i --to-stdout "$1" 2>/dev/null | sha256sum`, 'sh', name], { input: from }))
          .stdout;
      expect(await file(large, 'root.squashfs')).toContain(createHash('sha256').update(root).digest('hex'));
      const json = async (name: string): Promise<unknown> =>
        JSON.parse((await run('cpio', ['-i', '--to-stdout', `etc/bootwright/${name}`], { input: small })).stdout);
      expect(await json('server.json')).toMatchObject({ servers: [`https://127.0.0.1:${port}`] });
      expect(await json('boot-image.json')).toEqual({ id: 'cd'.repeat(32), built: '2026-06-01T00:00:00Z' });
      expect(done.pages.some(({ id }) => id === 'boot-image')).toBe(true);
    });
  });

  it('says on one screen what to do when there is none, or none that helps', async () => {
    agent.speaks = 0;
    for (const image of [undefined, { protocol: 0 }, { id: own }]) {
      await withSite({ image }, async (folder, port) => {
        const done = await boot(folder, port);
        expect(done.refusedWith).toBe('BW-AGENT-071');
        expect(screen(done)).toContain('Build the boot image of the site again');
        expect(done.changes).toEqual([]);
      });
      server?.kill();
    }
  });

  it('starts nothing that has another hash, and says when the kernel refuses', async () => {
    agent.speaks = 0;
    let started = 0;
    const startKernel = async (): Promise<void> => {
      started += 1;
    };
    const swapped = Buffer.from(root);
    swapped[1000]! ^= 1;
    await withSite({ image: {}, root: swapped }, async (folder, port) => {
      expect((await boot(folder, port, { startKernel })).refusedWith).toBe('BW-AGENT-040');
      expect(started).toBe(0);
    });
    server?.kill();
    await withSite({ image: {} }, async (folder, port) => {
      const done = await boot(folder, port, { startKernel });
      expect([started, done.refusedWith]).toEqual([1, 'BW-AGENT-072']);
    });
  });
});

it('an agent that is newer than the server says so', async () => {
  agent.speaks = 2;
  await withSite({ image: {} }, async (folder, port) => {
    const done = await boot(folder, port);
    expect(done.refusedWith).toBe('BW-AGENT-038');
    expect(screen(done)).toContain('The server is older');
  });
});

it('a revoked boot image goes on in another, which then stays', async () => {
  await withSite({ image: {}, settings: `revoked: ["${own}"]` }, async (folder, port) => {
    let started = 0;
    const startKernel = async (): Promise<void> => {
      started += 1;
    };
    expect((await boot(folder, port, { startKernel })).refusedWith).toBe('BW-AGENT-072');
    const bootImage = { id: 'cd'.repeat(32), built: '2026-06-01T00:00:00Z' };
    const done = await boot(folder, port, { startKernel, bootImage });
    expect([started, done.refusedWith]).toEqual([1, undefined]);
    expect(done.pages.some(({ id }) => id.startsWith('approval'))).toBe(true);
  });
});

it('goes on in another from a bootable medium too, and is not sent on again there', async () => {
  await withSite({ image: {}, settings: `revoked: ["${own}"]` }, async (folder, port) => {
    const key = await loadSigningKey(folder);
    const certificate = await readFile(join(folder, 'keys/ca.pem'), 'utf8');
    const from: Partial<OnlineRunOptions> = {
      keys: [key],
      medium: {
        ...{ format: 'bootwright-bootable/1', organisation: 'Lab', siteName: 'Lab', authority: certificate },
        ...{ servers: [{ url: `https://127.0.0.1:${port}`, subnets: [] }], unknownComputers: true, variables: [] },
        ...{ unattended: true, allowShell: false, keyboard: 'us' },
      },
    };
    let names = '';
    const startKernel: OnlineRunOptions['startKernel'] = async ({ initramfs }) => {
      const small = (await readFile(initramfs)).subarray(parts.initramfs.length);
      names += (await run('cpio', ['-it'], { input: small })).stdout;
    };
    expect((await boot(folder, port, { ...from, startKernel })).refusedWith).toBe('BW-AGENT-072');
    expect(names.split('\n')).toEqual(
      expect.arrayContaining(
        ['boot-image.json', 'keys/site.pub', 'medium.json'].map((name) => `etc/bootwright/${name}`),
      ),
    );
    names = '';
    const bootImage = { id: 'cd'.repeat(32), built: '2026-06-01T00:00:00Z' };
    const done = await boot(folder, port, { ...from, startKernel, bootImage });
    expect([names, done.refusedWith]).toEqual(['', undefined]);
    expect(done.pages.some(({ id }) => id.startsWith('approval'))).toBe(true);
  });
});

describe('the boot image to go on with', () => {
  const image = {
    id: 'b',
    name: 'n',
    architecture: 'x64' as const,
    kernelVersion: 'k',
    secureBoot: true,
    built: '2026-06-01T00:00:00Z',
    protocol: 1,
    files: {} as never,
  };
  const offer = (more: Partial<BootImageOffer>): BootImageOffer =>
    ({ image, revoked: [], format: 'bootwright-boot-image-offer/1', ...more }) as BootImageOffer;
  const spoken = { lowest: 1, highest: 1 };
  it.each([
    ['is this one when nothing is wrong with it', {}, { id: 'a', built: '2026-01-01T00:00:00Z' }, undefined],
    ['is the newer one when this one was revoked', { revoked: ['a'] }, { id: 'a', built: '2026-01-01T00:00:00Z' }, 'b'],
    [
      'is the newer one when this one is too old',
      { notBefore: '2026-03-01T00:00:00Z' },
      { id: 'a', built: '2026-01-01T00:00:00Z' },
      'b',
    ],
    ['is the newer one when nobody knows how old this one is', { notBefore: '2026-03-01T00:00:00Z' }, { id: 'a' }, 'b'],
    ['is never an older one', { revoked: ['a'] }, { id: 'a', built: '2026-07-01T00:00:00Z' }, 'BW-AGENT-071'],
    ['is never a revoked one', { revoked: ['a', 'b'] }, { id: 'a' }, 'BW-AGENT-071'],
    ['is never one that is too old as well', { notBefore: '2026-08-01T00:00:00Z' }, { id: 'a' }, 'BW-AGENT-071'],
  ])('%s', (_, more, mine, expected) => {
    let found: string | undefined;
    try {
      found = nextBootImage(offer(more), mine, spoken)?.id;
    } catch (error) {
      found = (error as { code: string }).code;
    }
    expect(found).toBe(expected);
  });
});
