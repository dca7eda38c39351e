import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { agentPaths } from '../../src/agent/paths.ts';
import type { ManifestFile, MediumFacts } from '../../src/model/medium.ts';
import type { Policy } from '../../src/model/policy.ts';
import { filesDigest, manifestBytes, signManifest } from '../../src/trust/manifest.ts';
import { fingerprintOf, formatPublicKey, type PublicKey, rawPublicKey } from '../../src/trust/public-key.ts';
import { seal } from '../../src/trust/seal.ts';

export const password = 'Grüße, 鍵!';
export const mediumId = '0123456789abcdef0123456789abcdef';

export interface SigningKey {
  readonly privateKey: KeyObject;
  readonly publicKey: PublicKey;
}

export function newKey(): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = rawPublicKey(publicKey);
  const created = '2026-01-01T00:00:00Z';
  return {
    privateKey,
    publicKey: { purpose: 'signing', status: 'active', created, raw, fingerprint: fingerprintOf(raw) },
  };
}

export const facts: MediumFacts = {
  format: 'bootwright-medium/1',
  id: mediumId,
  kind: 'standalone',
  label: 'Debian 13',
  title: 'Stand-alone medium',
  passwordRequired: true,
  unattended: false,
  keyboard: 'de',
  bootImage: { id: 'ab'.repeat(32), kernelVersion: '6.12.0' },
  protection: 'sealed',
  createdBy: 'test',
};

export function policyOf(files: readonly ManifestFile[], key: SigningKey): Policy {
  return {
    format: 'bootwright-policy/1',
    mediaKind: 'standalone',
    mediumId,
    organisation: 'Lab',
    sequence: {
      id: 's',
      name: 'Test',
      description: '',
      dialect: 'yaml',
      variables: [],
      references: [],
      items: [],
    },
    variables: [],
    secrets: { 'join-password': 'topsecret' },
    content: [],
    filesDigest: filesDigest(files),
    signingKey: Buffer.from(key.publicKey.raw).toString('base64'),
    unattended: false,
    allowShell: false,
    keyboard: 'de',
  };
}

export interface Tree {
  readonly medium: string;
  readonly paths: ReturnType<typeof agentPaths>;
  /** Writes manifest and signature for what lies there now. */
  sign(key: SigningKey): Promise<void>;
  /** Seals a policy for what lies there now. */
  seal(key: SigningKey): Promise<void>;
}

/** A whole small medium as the initramfs leaves it, with real keys, signature and seal. */
export async function makeTree(key: SigningKey, more: Partial<Policy> = {}): Promise<Tree> {
  const root = await mkdtemp(join(tmpdir(), 'agent-'));
  const paths = agentPaths('boot', root);
  const put = async (path: string, data: string | Uint8Array): Promise<void> => {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, data);
  };
  const medium = paths.medium;
  await put(`${medium}/bootwright/medium.json`, JSON.stringify(facts));
  await put(`${medium}/bootwright/content/debian/debian.wim`, Buffer.alloc(3 << 20, 'wim'));
  await put(`${medium}/bootwright/content/tools/ä 鍵.txt`, 'tool');
  await put(`${medium}/boot/vmlinuz`, 'kernel');
  await put(`${paths.etc}/medium.json`, JSON.stringify(facts));
  await put(`${paths.etc}/keys/site.pub`, formatPublicKey(key.publicKey));
  const list = async (): Promise<ManifestFile[]> => {
    const entries = await readdir(medium, { recursive: true, withFileTypes: true });
    const files: ManifestFile[] = [];
    for (const entry of entries.filter((found) => found.isFile())) {
      const path = join(entry.parentPath, entry.name);
      const name = path.slice(medium.length + 1);
      if (/^bootwright\/manifest\./.test(name)) continue;
      const bytes = await readFile(path);
      files.push({ path: name, size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
    }
    return files.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  };
  const tree: Tree = {
    medium,
    paths,
    async sign(signer) {
      const manifest = {
        format: 'bootwright-manifest/1' as const,
        mediumId,
        key: signer.publicKey.fingerprint,
        files: await list(),
      };
      const bytes = manifestBytes(manifest);
      await put(`${medium}/bootwright/manifest.json`, bytes);
      await put(`${medium}/bootwright/manifest.sig`, signManifest(bytes, signer.privateKey));
    },
    async seal(signer) {
      const plain = Buffer.from(JSON.stringify({ ...policyOf(await list(), signer), ...more }));
      await put(`${medium}/bootwright/policy.sealed`, await seal(plain, [password], { memoryKiB: 8192, passes: 1 }));
    },
  };
  await tree.seal(key);
  await tree.sign(key);
  return tree;
}
