import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type Client, newNonce } from './client.ts';
import { withServer } from './serving.ts';

const data = { kernel: Buffer.from('kernel'), initramfs: Buffer.from('initramfs'), root: Buffer.alloc(100_000, 7) };
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function build(site: string, more: object = {}): Promise<void> {
  const folder = join(site, 'boot-images/default');
  await mkdir(folder, { recursive: true });
  const files: Record<string, object> = {};
  for (const [role, bytes] of Object.entries({ ...data, shim: Buffer.from('shim') })) {
    await writeFile(join(folder, role), bytes);
    files[role] = { name: role, size: bytes.length, sha256: sha256(bytes) };
  }
  const about = { format: 'bootwright-boot-image/1', family: 'open', name: 'default', kernelVersion: '6.12', files };
  const when = { id: 'cd'.repeat(32), built: '2026-06-01T00:00:00.000Z', protocol: 1 };
  await writeFile(join(folder, 'boot-image.json'), JSON.stringify({ ...about, ...when, ...more }));
}

async function offer(client: Client) {
  const nonce = newNonce();
  const { json } = await client.ask(`/v1/boot-image?nonce=${encodeURIComponent(nonce)}`);
  return client.open(json, { format: 'bootwright-boot-image-offer/1', nonce });
}

it('offers the boot image that is there at the moment, signed for one question', async () => {
  await withServer(async ({ client, folder }) => {
    expect((await offer(client)).image).toBeUndefined();
    await build(folder);
    const { image, revoked } = await offer(client);
    expect(revoked).toEqual([]);
    expect(image).toMatchObject({ id: 'cd'.repeat(32), built: '2026-06-01T00:00:00.000Z', protocol: 1 });
    expect(Object.keys(image.files)).toEqual(['kernel', 'initramfs', 'root']);
    // Built before the time was noted: nobody can say whether it is newer than another.
    await build(folder, { built: undefined });
    expect((await offer(client)).image).toBeUndefined();
    expect((await client.ask('/v1/boot-image?nonce=short')).status).toBe(400);
    expect((await client.ask('/v1/boot-image')).status).toBe(400);
  });
});

it('gives these files to anybody, in pieces, and no others', async () => {
  await withServer(async ({ client, folder }) => {
    await build(folder);
    const get = (bytes: Uint8Array, headers: Record<string, string> = {}) =>
      client.ask(`/v1/boot-image/${sha256(bytes)}`, { headers });
    expect((await get(data.root)).body).toEqual(data.root);
    const part = await get(data.root, { range: 'bytes=99990-' });
    expect([part.status, part.body.length, part.headers['content-range']]).toEqual([
      206,
      10,
      'bytes 99990-99999/100000',
    ]);
    expect((await get(data.root, { range: 'bytes=100000-' })).status).toBe(416);
    for (const other of [Buffer.from('shim'), Buffer.from('anything')]) expect((await get(other)).status).toBe(404);
  });
});

it('says in hello when old boot images are not to be used', async () => {
  await withServer(async ({ client }) => {
    expect((await client.ask('/v1/hello')).json.checkBootImage).toBeUndefined();
  });
  const site = 'name: Lab\norganisation: X\ndeployments: { bootImages: { notBefore: 2026-06-01T00:00:00.250Z } }\n';
  await withServer(
    async ({ client }) => {
      expect((await client.ask('/v1/hello')).json.checkBootImage).toBe(true);
      expect((await offer(client)).notBefore).toBe('2026-06-01T00:00:00.250Z');
    },
    { files: { 'site.yaml': site } },
  );
});
