import { type CpioEntry, cpioAround, foldersAbove, writeCpio } from '../../formats/cpio.ts';
import { exists, listFiles, mkdir, open, readBytes, readStream, readText, rm } from '../../host/files.ts';
import type { NextKernel } from '../../host/kexec.ts';
import { randomBytes } from '../../host/random.ts';
import { BootwrightError } from '../../model/error.ts';
import { type Hello, type NewerBootImage, protocolVersion } from '../../model/protocol.ts';
import { formatBytes } from '../../model/quantity.ts';
import type { AgentContext } from '../context.ts';
import { availableMemory } from '../memory.ts';
import { gap, text } from '../page.ts';
import { isSpoken, nextBootImage, type OwnBootImage } from './boot-image.ts';
import { ContentServers, type ContentToken } from './content-servers.ts';
import { download } from './download.ts';
import type { EnvelopeReader } from './envelope.ts';
import { ServerRefusal, type Servers } from './servers.ts';
import { ownBootImageFile } from './settings.ts';

/** Starts another kernel in the place of this one; returns only when it was refused. */
export type StartKernel = (next: NextKernel) => Promise<void>;

export interface Renewal {
  readonly servers: Servers;
  readonly reader: EnvelopeReader;
  readonly own: OwnBootImage;
  readonly startKernel: StartKernel;
}

/**
 * Goes on in the site's boot image when this one will not do: it is fetched, checked and started without the firmware.
 *
 * @throws BW-AGENT-071 there is none, BW-AGENT-072 it cannot be started from here, BW-AGENT-030 to -033, -040
 */
export async function renewBootImage(context: AgentContext, hello: Hello, renewal: Renewal): Promise<void> {
  // An older server has nothing newer.
  if (hello.highest < protocolVersion || (isSpoken(hello) && hello.checkBootImage !== true)) return;
  const { servers, reader, own, startKernel } = renewal;
  const nonce = Buffer.from(randomBytes(16)).toString('base64');
  const path = `/v1/boot-image?nonce=${encodeURIComponent(nonce)}`;
  const envelope = await servers.json({ method: 'GET', path }).catch((error: unknown) => {
    if (error instanceof ServerRefusal && error.status === 404) return undefined;
    throw error;
  });
  if (envelope === undefined) return;
  const now = context.clock.now();
  const { reply } = reader.open(envelope, { format: 'bootwright-boot-image-offer/1', nonce, now });
  const image = nextBootImage(reply, own, hello);
  if (image === undefined) return;
  context.emit({
    type: 'agent.phase',
    name: 'boot-image',
    text: `Going on in boot image ${image.name} of ${image.built}`,
  });
  const folder = `${context.paths.root}/run/bootwright/next`.replace(/^\/+/, '/');
  try {
    const next = await stage(context, image, servers, folder);
    await startKernel(next);
    throw new Error('the kernel did not start it');
  } catch (error) {
    // Memory is what the run needs next, should somebody find another way.
    await rm(folder, { recursive: true, force: true });
    if (error instanceof BootwrightError && !error.code.startsWith('BW-HOST')) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new BootwrightError('BW-AGENT-072', `The newer boot image cannot be started from this one: ${why}`, {
      cause: error,
    });
  }
}

/** Root and initramfs lie in memory twice while the kernel takes them over. */
const copies = 2.2;
/** Files that anybody may have. */
const nobody: ContentToken = { current: async () => 'none', renew: async () => undefined };

async function stage(
  context: AgentContext,
  image: NewerBootImage,
  servers: Servers,
  folder: string,
): Promise<NextKernel> {
  const { kernel, initramfs, root } = image.files;
  const needed = (kernel.size + initramfs.size + root.size) * copies;
  const room = await availableMemory();
  if (needed > room) throw new Error(`it needs ${formatBytes(needed)} of memory, and ${formatBytes(room)} are free.`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const total = kernel.size + initramfs.size + root.size;
  let done = 0;
  const onBytes = (bytes: number): void => {
    done += bytes;
    const line = text(`It is replaced by the newer one of the server, ${image.name} of ${image.built}.`);
    const bar = { kind: 'bar' as const, fraction: done / total, text: `${formatBytes(done)} of ${formatBytes(total)}` };
    const blocks = [line, gap, bar];
    context.terminal.show({ id: 'boot-image', title: 'This boot image is too old', tone: 'warning', blocks, keys: [] });
  };
  const { clock } = context;
  const from = new ContentServers({ servers, token: nobody, path: '/v1/boot-image/', clock });
  const fetched = async (name: string, { sha256 }: { readonly sha256: string }): Promise<string> => {
    const warn = (line: string): void =>
      context.emit({ type: 'log', severity: 'warning', component: 'Content', text: line });
    const path = `${folder}/${name}`;
    await download({ servers: from, clock, sha256, path, mode: 0o600, onBytes, warn });
    return path;
  };
  const vmlinuz = await fetched('vmlinuz', kernel);
  const first = await fetched('initramfs.img', initramfs);
  const squashfs = await fetched('root.squashfs', root);
  await join(first, await etcArchive(context, image), { path: squashfs, size: root.size });
  await rm(squashfs);
  const commandLine = (await readText(context.paths.kernelCommandLine).catch(() => '')).trim();
  return { kernel: vmlinuz, initramfs: first, commandLine };
}

/** What this start brought: servers, authority, keys, facts of the medium. Its agent is to believe the same. */
async function etcArchive({ paths }: AgentContext, { id, built }: NewerBootImage): Promise<Uint8Array> {
  const names = (await exists(paths.etc)) ? await listFiles(paths.etc) : [];
  const entries: CpioEntry[] = [];
  const add = (name: string, data: Uint8Array): void =>
    // What a running system handed over is among them.
    void entries.push({ path: `etc/bootwright/${name}`, kind: 'file', mode: 0o600, data });
  for (const name of names) if (name !== ownBootImageFile) add(name, await readBytes(`${paths.etc}/${name}`));
  // What the medium says of its own boot image is not true of this one.
  add(ownBootImageFile, Buffer.from(JSON.stringify({ id, built })));
  return writeCpio([...foldersAbove(entries.map(({ path }) => path)), ...entries]);
}

/** Appends further archives to the first, the root as one file; the kernel unpacks them in this order. */
async function join(
  first: string,
  small: Uint8Array,
  root: { readonly path: string; readonly size: number },
): Promise<void> {
  const file = await open(first, 'a');
  try {
    const put = async (bytes: Uint8Array): Promise<void> => {
      for (let done = 0; done < bytes.length; ) done += (await file.write(bytes, done)).bytesWritten;
    };
    const { head, tail } = cpioAround('root.squashfs', root.size);
    await put(small);
    await put(head);
    for await (const piece of readStream(root.path)) await put(piece);
    await put(new Uint8Array((4 - (root.size % 4)) % 4));
    await put(tail);
  } finally {
    await file.close();
  }
}
