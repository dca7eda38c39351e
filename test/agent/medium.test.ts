import { appendFile, copyFile, cp, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { openMedium, openPolicy, verifyContent } from '../../src/agent/medium.ts';
import { formatPublicKey } from '../../src/trust/public-key.ts';
import { facts, makeTree, newKey, password, type Tree } from './medium-tree.ts';

const key = newKey();
const stranger = newKey();
const trees: Tree[] = [];

async function newTree(): Promise<Tree> {
  const tree = await makeTree(key);
  trees.push(tree);
  return tree;
}

afterEach(async () => {
  for (const tree of trees.splice(0)) await rm(tree.paths.root, { recursive: true });
});

/** What the agent does before it goes near a disk. */
async function check(tree: Tree, typed = password): Promise<string> {
  try {
    const medium = await openMedium(tree.paths);
    await openPolicy(medium, typed);
    await verifyContent(medium, () => undefined);
    return 'accepted';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

async function flip(path: string, position = 0): Promise<void> {
  const file = await open(path, 'r+');
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, position);
  await file.write(Buffer.from([buffer[0]! ^ 1]), 0, 1, position);
  await file.close();
}

type Tamper = (tree: Tree, at: (name: string) => string) => Promise<void>;

const tamperings: readonly [name: string, codes: readonly string[], tamper: Tamper][] = [
  ['a bit of the content', ['BW-TRUST-013'], (_, at) => flip(at('content/debian/debian.wim'), 2_000_000)],
  [
    'the end of the content cut off',
    ['BW-TRUST-013'],
    async (_, at) => {
      const file = await open(at('content/debian/debian.wim'), 'r+');
      await file.truncate(3_000_000);
      await file.close();
    },
  ],
  ['bytes behind the content', ['BW-TRUST-013'], (_, at) => appendFile(at('content/debian/debian.wim'), 'x')],
  [
    'two files exchanged',
    ['BW-TRUST-013'],
    async (_, at) => {
      await copyFile(at('content/tools/ä 鍵.txt'), at('../boot/vmlinuz'));
    },
  ],
  ['a bit of the sealed part', ['BW-TRUST-013'], (_, at) => flip(at('policy.sealed'), 40)],
  [
    'the last bit of the sealed part, listed anew by a stranger',
    ['BW-TRUST-007'],
    async (tree, at) => {
      await flip(at('policy.sealed'), (await readFile(at('policy.sealed'))).length - 1);
      await tree.sign(stranger);
    },
  ],
  ['a bit of the manifest', ['BW-TRUST-006', 'BW-TRUST-008'], (_, at) => flip(at('manifest.json'), 200)],
  ['a bit of the signature', ['BW-TRUST-008'], (_, at) => flip(at('manifest.sig'), 10)],
  ['an empty signature', ['BW-TRUST-008'], (_, at) => writeFile(at('manifest.sig'), '')],
  ['an unlisted file', ['BW-TRUST-011'], (_, at) => writeFile(at('content/tools/evil.sh'), 'x')],
  ['an unlisted file at the top', ['BW-TRUST-011'], (_, at) => writeFile(at('../evil'), 'x')],
  ['a missing file', ['BW-TRUST-012'], (_, at) => rm(at('content/tools/ä 鍵.txt'))],
  ['a file under another name', ['BW-TRUST-011'], (_, at) => rename(at('../boot/vmlinuz'), at('../boot/vmlinux'))],
  ['a manifest signed by another key', ['BW-TRUST-007'], (tree) => tree.sign(stranger)],
  [
    'manifest, sealed part and all by another key',
    ['BW-TRUST-007'],
    async (tree) => {
      await tree.seal(stranger);
      await tree.sign(stranger);
    },
  ],
  [
    'manifest and trusted keys exchanged',
    ['BW-TRUST-014'],
    async (tree) => {
      await tree.sign(stranger);
      await writeFile(`${tree.paths.etc}/keys/site.pub`, formatPublicKey(stranger.publicKey));
    },
  ],
  [
    'an older valid manifest with its content',
    ['BW-TRUST-014'],
    async (tree, at) => {
      // The maker changed the content later and sealed anew; somebody brings the older state back.
      await cp(at('manifest.json'), at('../../old.json'));
      await cp(at('manifest.sig'), at('../../old.sig'));
      await cp(at('policy.sealed'), at('../../old.sealed'));
      await cp(at('../boot/vmlinuz'), at('../../old.kernel'));
      await writeFile(at('../boot/vmlinuz'), 'a newer kernel');
      await tree.seal(key);
      const newer = await readFile(at('policy.sealed'));
      await tree.sign(key);
      await cp(at('../../old.kernel'), at('../boot/vmlinuz'));
      await writeFile(at('policy.sealed'), newer);
      // The older list names the older sealed part; signed validly once, it must still not be believed.
      await tree.sign(key);
    },
  ],
  [
    'the older manifest alone',
    ['BW-TRUST-013'],
    async (tree, at) => {
      await cp(at('manifest.json'), at('../../old.json'));
      await cp(at('manifest.sig'), at('../../old.sig'));
      await writeFile(at('../boot/vmlinuz'), 'a newer kernel');
      await tree.seal(key);
      await tree.sign(key);
      await cp(at('../../old.json'), at('manifest.json'));
      await cp(at('../../old.sig'), at('manifest.sig'));
    },
  ],
  [
    'public facts changed and signed',
    ['BW-TRUST-013'],
    async (tree, at) => {
      await writeFile(at('medium.json'), JSON.stringify({ ...facts, passwordRequired: false }));
      await tree.sign(key);
    },
  ],
  [
    'the facts of another medium in the initramfs',
    ['BW-TRUST-010'],
    async (tree) => {
      await writeFile(`${tree.paths.etc}/medium.json`, JSON.stringify({ ...facts, id: 'f'.repeat(32) }));
    },
  ],
  ['no manifest', ['BW-AGENT-002'], (_, at) => rm(at('manifest.json'))],
  ['no keys', ['BW-TRUST-007'], (tree) => rm(`${tree.paths.etc}/keys/site.pub`)],
];

describe('the medium', () => {
  it('is accepted as it was made', async () => {
    const tree = await newTree();
    await expect(check(tree)).resolves.toBe('accepted');
    await expect(check(tree, password.normalize('NFD'))).resolves.toBe('accepted');
  });

  it('refuses a wrong password with its own code', async () => {
    await expect(check(await newTree(), 'Grusse')).resolves.toBe('BW-TRUST-002');
  });

  it('overlooks what Windows leaves on a stick', async () => {
    const tree = await newTree();
    await writeFile(`${tree.medium}/autorun.inf`, '');
    await expect(check(tree)).resolves.toBe('accepted');
  });

  it.each(tamperings)('is refused with %s', async (_, codes, tamper) => {
    const tree = await newTree();
    await tamper(tree, (name) => `${tree.medium}/bootwright/${name}`);
    expect(codes).toContain(await check(tree));
  });

  it('reports its progress up to the last byte', async () => {
    const tree = await newTree();
    const seen: [number, number][] = [];
    const medium = await openMedium(tree.paths);
    const checked = await verifyContent(medium, (bytes, total) => seen.push([bytes, total]));
    expect(seen.at(-1)).toEqual([checked.bytes, checked.bytes]);
    expect(seen.map(([bytes]) => bytes)).toEqual(seen.map(([bytes]) => bytes).toSorted((a, b) => a - b));
  });
});
