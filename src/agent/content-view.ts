import { listFiles, mkdir } from '../host/files.ts';
import { serveFolder } from '../host/fuse.ts';
import type { FuseFolder, FuseNode } from '../host/fuse-protocol.ts';
import { isMountPoint } from '../host/mount-point.ts';
import { run } from '../host/process.ts';
import { readSecretFile } from '../host/prompt.ts';
import { openRandomAccess } from '../host/random-access.ts';
import { BootwrightError } from '../model/error.ts';
import { contentKeySecret, encryptedSuffix, type Policy } from '../model/policy.ts';
import { openAgeFile } from '../trust/age-file.ts';
import { type PrivateKey, parsePrivateKey } from '../trust/private-key.ts';
import type { AgentContext } from './context.ts';

/** Folder of a medium whose files `--encrypt-content` encrypts. */
const contentFolder = 'bootwright/content';

/**
 * Where content can be read: the medium itself, or a folder that shows its encrypted content decrypted. A process of
 * its own serves that folder (`serveContentView`), so decrypting goes on beside whatever reads, and nothing of it is
 * ever written anywhere.
 *
 * @throws BW-AGENT-090
 */
export async function readableContent(context: AgentContext, policy: Policy, medium: string): Promise<string> {
  const identity = policy.secrets[contentKeySecret];
  if (identity === undefined) return medium;
  const { paths, emit } = context;
  const view = paths.contentView;
  await mkdir(view, { recursive: true });
  // The agent was started again: what served before may have ended.
  if (await isMountPoint(view)) await run('umount', ['-l', view]);
  await run('modprobe', ['-q', 'fuse']).catch(() => undefined);
  const warn = (text: string): void => emit({ type: 'log', severity: 'error', component: 'Content', text });
  await new Promise<void>((resolve, reject) => {
    const program = [`${paths.program}/agent.mjs`, 'content-view', medium, view];
    run(paths.node, program, {
      input: identity,
      onOutput: (piece, stream) => (stream === 'stdout' ? resolve() : warn(piece.trim())),
    }).then(
      () => reject(unreadable('the program that decrypts it ended')),
      (cause: Error) => reject(unreadable(cause.message, cause)),
    );
  });
  return view;
}

/** The process behind such a folder: reads the key from standard input, says `mounted`, serves until it is unmounted. */
export async function serveContentView(medium: string, view: string): Promise<void> {
  const complain = (reason: unknown): void => {
    process.stderr.write(`${reason instanceof Error ? reason.message : String(reason)}\n`);
  };
  try {
    const key = parsePrivateKey(await readSecretFile('-'), 'standard input');
    const root = await decryptedTree(`${medium}/${contentFolder}`, key);
    await serveFolder(above(contentFolder, root), view, {
      onMounted: () => process.stdout.write('mounted\n'),
      onFault: complain,
    });
  } catch (error) {
    complain(error);
    process.exitCode = 1;
  }
}

/** Every file below a folder; encrypted ones with their content, under their plain name. @throws BW-TRUST-015, -016 */
async function decryptedTree(folder: string, key: PrivateKey): Promise<FuseFolder> {
  const root = new Map<string, FuseNode>();
  for (const path of await listFiles(folder)) {
    const stored = openRandomAccess(`${folder}/${path}`);
    const isEncrypted = path.endsWith(encryptedSuffix);
    const { size, read } = isEncrypted ? openAgeFile(stored.read, stored.size, [key]) : stored;
    const parts = (isEncrypted ? path.slice(0, -encryptedSuffix.length) : path).split('/');
    folderAt(root, parts.slice(0, -1)).set(parts.at(-1) ?? '', { kind: 'file', size, mode: stored.mode, read });
  }
  return { kind: 'folder', entries: root };
}

function folderAt(root: Map<string, FuseNode>, parts: readonly string[]): Map<string, FuseNode> {
  let entries = root;
  for (const part of parts) {
    const found = entries.get(part);
    const inner = found?.kind === 'folder' ? (found.entries as Map<string, FuseNode>) : new Map<string, FuseNode>();
    if (found === undefined) entries.set(part, { kind: 'folder', entries: inner });
    entries = inner;
  }
  return entries;
}

function above(path: string, folder: FuseFolder): FuseFolder {
  return path
    .split('/')
    .reverse()
    .reduce<FuseFolder>((inner, name) => ({ kind: 'folder', entries: new Map([[name, inner]]) }), folder);
}

function unreadable(why: string, cause?: unknown): BootwrightError {
  return new BootwrightError('BW-AGENT-090', `The encrypted content of the medium cannot be opened: ${why}.`, {
    cause,
  });
}
