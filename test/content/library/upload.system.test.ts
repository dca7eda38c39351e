import { once } from 'node:events';
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { addContent } from '../../../src/content/library/add.ts';
import { blobPath } from '../../../src/content/library/blobs.ts';
import { listObjects } from '../../../src/content/library/objects.ts';
import { uploadContent } from '../../../src/content/library/upload.ts';
import { privateKeyObject, rawPublicKeyOf } from '../../../src/trust/private-key.ts';
import { publicKey } from '../../../src/trust/public-key.ts';
import { sourceOf, tree, usePlace } from './library-folder.ts';

const place = usePlace();
const secret = { purpose: 'signing', seed: new Uint8Array(32).fill(1) } as const;
const key = {
  privateKey: privateKeyObject(secret),
  publicKey: publicKey('signing', rawPublicKeyOf(secret), '2026-01-01T00:00:00Z'),
};

let server: Server | undefined;
afterEach(() => server?.close());

/** A server that stores what is put, as WebDAV does: whole or not at all. */
async function startServer(folder: string, token: string): Promise<string> {
  server = createServer((request, response) => {
    const path = join(folder, request.url ?? '');
    const answer = (status: number, headers = {}) => response.writeHead(status, headers).end();
    if (request.headers.authorization !== token) return answer(401);
    if (request.method === 'HEAD') {
      const facts = statSync(path, { throwIfNoEntry: false });
      return facts === undefined ? answer(404) : answer(200, { 'content-length': facts.size });
    }
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      if (!request.complete || Buffer.concat(parts).length !== Number(request.headers['content-length'])) return;
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(`${path}.part`, Buffer.concat(parts));
      renameSync(`${path}.part`, path);
      answer(201);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/lab`;
}

it('a server gets every file once, and the signed index last', async () => {
  const files = { a: Buffer.alloc(3_000_001, 'abc'), b: 'two', empty: '' };
  await addContent(place.library, await sourceOf(place.folder, 'tools', files));
  const objects = await listObjects(place.library);
  const www = join(place.folder, 'www');
  const address = await startServer(www, 'Bearer x');
  const headers = { authorization: 'Bearer x' };
  await expect(uploadContent(place.library, objects, address, key)).rejects.toMatchObject({ code: 'BW-CONTENT-044' });
  expect(await tree(www)).toEqual([]);
  expect(await uploadContent(place.library, objects, address, key, { headers })).toMatchObject({ copied: 3, kept: 0 });
  const stored = (await tree(join(place.library, 'sha256'))).map((name) => `sha256/${name}`);
  expect(await tree(join(www, 'lab'))).toEqual(['index.json', 'index.sig', ...stored].sort());
  for (const name of stored)
    expect(readFileSync(join(www, 'lab', name)).equals(readFileSync(join(place.library, name)))).toBe(true);
  expect(await uploadContent(place.library, objects, address, key, { headers })).toMatchObject({ copied: 0, kept: 3 });
});

it('a damaged file is not stored, and neither is an index that names it', async () => {
  const { object } = await addContent(
    place.library,
    await sourceOf(place.folder, 'tools', { a: Buffer.alloc(3_000_000, 'a') }),
  );
  const path = blobPath(place.library, object.files[0]!.sha256);
  await chmod(path, 0o644);
  await writeFile(path, Buffer.alloc(3_000_000, 'b'));
  const www = join(place.folder, 'www');
  const address = await startServer(www, 'Bearer x');
  const headers = { authorization: 'Bearer x' };
  await expect(uploadContent(place.library, [object], address, key, { headers })).rejects.toMatchObject({
    code: 'BW-CONTENT-031',
  });
  expect((await tree(www)).filter((name) => name.includes('index'))).toEqual([]);
});
