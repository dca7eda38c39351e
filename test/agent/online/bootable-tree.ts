import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { AgentPaths } from '../../../src/agent/paths.ts';
import type { BootableSettings } from '../../../src/model/bootable.ts';
import { filesDigest, manifestBytes, signManifest } from '../../../src/trust/manifest.ts';
import { formatPublicKey } from '../../../src/trust/public-key.ts';
import { seal } from '../../../src/trust/seal.ts';
import { facts, mediumId, type SigningKey } from '../medium-tree.ts';

/** A small bootable medium as the initramfs leaves it, with real key, signature and seal. */
export async function bootableTree(
  { medium, etc }: Pick<AgentPaths, 'medium' | 'etc'>,
  key: SigningKey,
  settings: BootableSettings,
  password?: string,
): Promise<void> {
  const put = async (path: string, data: string | Uint8Array): Promise<void> => {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, data);
  };
  const text = JSON.stringify({ ...facts, kind: 'bootable', passwordRequired: password !== undefined });
  await put(`${medium}/bootwright/medium.json`, text);
  await put(`${medium}/boot/root.squashfs`, Buffer.alloc(1 << 20, 'root'));
  await put(`${etc}/medium.json`, text);
  await put(`${etc}/keys/site.pub`, formatPublicKey(key.publicKey));
  const entry = async (path: string) => {
    const bytes = await readFile(`${medium}/${path}`);
    return { path, size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
  };
  const others = [await entry('boot/root.squashfs'), await entry('bootwright/medium.json')];
  const plain = Buffer.from(
    JSON.stringify({
      ...settings,
      ...{ mediumId, filesDigest: filesDigest(others) },
      signingKey: Buffer.from(key.publicKey.raw).toString('base64'),
    }),
  );
  const name = `bootwright/policy.${password === undefined ? 'json' : 'sealed'}`;
  const cheap = { memoryKiB: 8192, passes: 1 };
  await put(`${medium}/${name}`, password === undefined ? plain : await seal(plain, [password], cheap));
  const files = [...others, await entry(name)];
  const manifest = manifestBytes({ format: 'bootwright-manifest/1', mediumId, key: key.publicKey.fingerprint, files });
  await put(`${medium}/bootwright/manifest.json`, manifest);
  await put(`${medium}/bootwright/manifest.sig`, signManifest(manifest, key.privateKey));
}
