import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Lab } from './lab.ts';
import { extractIso } from './sticks.ts';

/** Ways to change a medium, and the code with which the agent has to refuse each. */
export const tamperings = {
  'a byte of content': { codes: ['BW-TRUST-013'], apply: (tree) => flip(join(tree, 'boot/root.squashfs'), -4096) },
  'a byte of the sealed part': { codes: ['BW-TRUST-013'], apply: (tree) => flip(join(tree, sealed), -20) },
  'a byte of the manifest': { codes: ['BW-TRUST-007', 'BW-TRUST-008'], apply: (tree) => flip(join(tree, list), 300) },
  'an unlisted file': {
    codes: ['BW-TRUST-011'],
    apply: (tree) => writeFileSync(join(tree, 'bootwright/extra.sh'), 'echo hello\n'),
  },
  'a manifest signed with another key': {
    codes: ['BW-TRUST-007', 'BW-TRUST-008'],
    apply: (tree) => {
      const { privateKey } = generateKeyPairSync('ed25519');
      const key = createPrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' }));
      writeFileSync(join(tree, signature), sign(null, readFileSync(join(tree, list)), key));
    },
  },
  'an older valid manifest': {
    codes: ['BW-TRUST-010', 'BW-TRUST-013', 'BW-TRUST-014'],
    apply: async (tree, lab) => {
      const older = extractIso((await lab.medium('older')).iso, join(lab.folder, 'older.tree'));
      for (const file of [list, signature]) copyFileSync(join(older, file), join(tree, file));
    },
  },
} as const satisfies Readonly<Record<string, Tampering>>;

export type TamperingName = keyof typeof tamperings;

interface Tampering {
  readonly codes: readonly string[];
  readonly apply: (tree: string, lab: Lab) => void | Promise<void>;
}

const list = 'bootwright/manifest.json';
const signature = 'bootwright/manifest.sig';
const sealed = 'bootwright/policy.sealed';

/** The small medium as a folder, changed in one way. */
export async function tamperedTree(lab: Lab, name: TamperingName, id: string): Promise<string> {
  const original = extractIso((await lab.medium('small')).iso, join(lab.folder, 'small.tree'));
  const tree = join(lab.folder, `${id}.tree`);
  rmSync(tree, { recursive: true, force: true });
  cpSync(original, tree, { recursive: true });
  await tamperings[name].apply(tree, lab);
  return tree;
}

/** Files of a folder's medium as the initramfs would hand them to the agent. */
export function earlyFiles(tree: string, etc: string): void {
  const archive = readFileSync(join(tree, 'boot/medium.cpio'));
  for (const { name, data } of cpioFiles(archive)) {
    if (name.startsWith('etc/bootwright/')) {
      const target = join(etc, name.slice('etc/bootwright/'.length));
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, data);
    }
  }
}

/** Positions count from the end when negative. */
function flip(file: string, position: number): void {
  const bytes = readFileSync(file);
  const at = position < 0 ? bytes.length + position : position;
  bytes[at] = (bytes[at] ?? 0) ^ 0x01;
  writeFileSync(file, bytes);
}

/** The "newc" form: 110 characters of header, name, data, each padded to four. */
function* cpioFiles(archive: Buffer): Generator<{ name: string; data: Buffer }> {
  const padded = (length: number): number => (length + 3) & ~3;
  for (let at = 0; at + 110 <= archive.length; ) {
    const field = (index: number): number =>
      Number.parseInt(archive.toString('latin1', at + 6 + index * 8, at + 14 + index * 8), 16);
    const [mode, size, nameSize] = [field(1), field(6), field(11)];
    const name = archive.toString('utf8', at + 110, at + 110 + nameSize - 1);
    if (name === 'TRAILER!!!') return;
    const start = padded(at + 110 + nameSize);
    if ((mode & 0o170000) === 0o100000) yield { name, data: archive.subarray(start, start + size) };
    at = padded(start + size);
  }
}
