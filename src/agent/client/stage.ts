import { type CpioEntry, cpioAround, foldersAbove, writeCpio } from '../../formats/cpio.ts';
import { exists, freeBytes, mkdir, readBytes, readdir, readText, rm, writeAtomically } from '../../host/files.ts';
import { syncFileSystem } from '../../host/power.ts';
import { run } from '../../host/process.ts';
import { BootwrightError } from '../../model/error.ts';
import type { MachineFacts } from '../../model/machine.ts';
import type { OfferedBootImage } from '../../model/protocol.ts';
import { formatBytes } from '../../model/quantity.ts';
import type { AgentContext } from '../context.ts';
import type { OwnBootImage } from '../online/boot-image.ts';
import { ContentServers, type ContentToken } from '../online/content-servers.ts';
import { download, hasContent } from '../online/download.ts';
import type { Servers } from '../online/servers.ts';
import { ownBootImageFile } from '../online/settings.ts';
import { type Handover, handoverFile } from './handover.ts';
import { keepStaged, type StagedBoot, stagedEntry, unstage } from './staged.ts';

export interface Staging {
  readonly image: OfferedBootImage;
  readonly servers: Servers;
  readonly token: ContentToken;
  readonly mark: string;
}

const mebibyte = 2 ** 20;
const names = { kernel: 'vmlinuz', initramfs: 'initramfs.img', root: 'root.squashfs' } as const;

/**
 * Lays the boot image on the disk and puts it into GRUB's menu. It is not started before `startStaged`. The root is given
 * to the kernel with the initramfs, so it is in memory before a disk is touched, and any disk may then be erased.
 *
 * @throws BW-AGENT-051 memory, room or architecture, BW-AGENT-052 GRUB, BW-AGENT-040 download
 */
export async function stageBootImage(context: AgentContext, staging: Staging): Promise<StagedBoot> {
  const { image, mark } = staging;
  const { root } = context.paths;
  await unstage(root);
  checkMachine(image, await context.machine.facts());
  const grub = await findGrub(root);
  const place = await findPlace(
    root,
    Object.values(image.files).reduce((sum, { size }) => sum + size, 0),
  );
  const staged: StagedBoot = { mark, folder: place.folder, grub };
  await mkdir(place.folder, { recursive: true, mode: 0o700 });
  try {
    await fetchFiles(context, staging, place.folder);
    const { head, tail } = cpioAround('root.squashfs', image.files.root.size);
    await writeAtomically(`${place.folder}/root.head`, head, 0o600);
    await writeAtomically(`${place.folder}/root.tail`, tail, 0o600);
    await keepStaged(staged, menuEntry(place, mark), root);
    await syncFileSystem(place.folder);
  } catch (error) {
    await rm(place.folder, { recursive: true, force: true });
    throw error;
  }
  return staged;
}

/** The small archive behind the initramfs: whom to ask, whom to believe, and what was released. */
export async function writeHandover(
  { paths }: AgentContext,
  { folder }: StagedBoot,
  { id, built }: OwnBootImage,
  handover: Handover,
): Promise<void> {
  const file = (path: string, data: Uint8Array, mode = 0o644): CpioEntry => ({ path, kind: 'file', mode, data });
  const base = 'etc/bootwright';
  const entries = [file(`${base}/${handoverFile}`, Buffer.from(JSON.stringify(handover)), 0o600)];
  entries.push(file(`${base}/${ownBootImageFile}`, Buffer.from(JSON.stringify({ id, built }))));
  for (const name of ['server.json', 'ca.pem'])
    entries.push(file(`${base}/${name}`, await readBytes(`${paths.etc}/${name}`)));
  for (const name of (await readdir(`${paths.etc}/keys`)).sort())
    entries.push(file(`${base}/keys/${name}`, await readBytes(`${paths.etc}/keys/${name}`)));
  entries.sort((a, b) => (a.path < b.path ? -1 : 1));
  const archive = writeCpio([...foldersAbove(entries.map(({ path }) => path)), ...entries]);
  await writeAtomically(`${folder}/medium.cpio`, archive, 0o600);
  await syncFileSystem(folder);
}

/** Pure. @throws BW-AGENT-051 */
export function checkMachine(image: OfferedBootImage, facts: MachineFacts): void {
  if (image.architecture !== facts.architecture)
    throw impossible(
      `the boot image ${image.name} is for ${image.architecture}, and this machine is ${facts.architecture}`,
    );
  if (facts.secureBoot && !image.secureBoot)
    throw impossible(`Secure Boot is on, and the boot image ${image.name} holds drivers it does not allow`);
  // Once as the loader brings it, once unpacked; the rest is for the agent and its tools.
  const needed = 2 * (image.files.root.size + image.files.initramfs.size) + 512 * mebibyte;
  if (facts.memoryBytes < needed)
    throw impossible(
      `it needs ${formatBytes(needed)} of memory, and this machine has ${formatBytes(facts.memoryBytes)}`,
    );
}

/** @throws BW-AGENT-052 */
async function findGrub(root: string): Promise<string> {
  for (const folder of [`${root}/boot/grub`, `${root}/boot/grub2`]) {
    if (!(await exists(`${folder}/grub.cfg`))) continue;
    const text = await readText(`${folder}/grub.cfg`);
    if (text.includes('next_entry') && text.includes('custom.cfg')) return folder;
    throw new BootwrightError('BW-AGENT-052', `${folder}/grub.cfg does not look for what is to be started once.`);
  }
  throw new BootwrightError('BW-AGENT-052', 'This system is not started by GRUB: there is no /boot/grub/grub.cfg.');
}

interface Place {
  readonly folder: string;
  /** As GRUB sees it, from the root of its file system. */
  readonly inside: string;
  /** Of the file system. */
  readonly uuid: string;
}

const readable: readonly string[] = ['ext2', 'ext3', 'ext4', 'xfs', 'vfat'];

/** A file system that GRUB reads without a key or a map of several disks. @throws BW-AGENT-051 */
async function findPlace(root: string, bytes: number): Promise<Place> {
  const reasons: string[] = [];
  for (const [mount, inside] of [
    ['/', '/_SMSTaskSequence/boot'],
    ['/boot', '/bootwright'],
  ] as const) {
    const at = `${root}${mount}`.replace(/\/{2,}/g, '/');
    const columns = ['-n', '-r', '-o', 'TARGET,SOURCE,FSTYPE,UUID', '--target', at];
    const [target = '', source = '', type = '', uuid = ''] = (await run('findmnt', columns)).stdout.trim().split(' ');
    if (target !== at.replace(/(.)\/$/, '$1')) continue;
    const kind = (await run('lsblk', ['-n', '-d', '-o', 'TYPE', source], { accept: [1, 32] })).stdout.trim();
    const free = await freeBytes(at);
    if (!readable.includes(type) || uuid === '') reasons.push(`${mount} is ${type}`);
    else if (kind !== 'part')
      reasons.push(`${mount} lies on ${source} (${kind || 'unknown'}), not on a plain partition`);
    else if (free < bytes + 64 * mebibyte)
      reasons.push(`${mount} has ${formatBytes(free)} free of ${formatBytes(bytes)}`);
    else return { folder: `${at.replace(/\/$/, '')}${inside}`, inside, uuid };
  }
  throw impossible(`no file system can hold it: ${reasons.join('; ')}`);
}

async function fetchFiles(context: AgentContext, { image, servers, token }: Staging, folder: string): Promise<void> {
  const { clock, emit } = context;
  const from = new ContentServers({ servers, token, clock });
  const warn = (text: string): void => emit({ type: 'log', severity: 'warning', component: 'Content', text });
  for (const [role, name] of Object.entries(names) as [keyof typeof names, string][]) {
    const { sha256, size } = image.files[role];
    const path = `${folder}/${name}`;
    emit({
      type: 'agent.phase',
      name: 'stage',
      text: `Fetching ${name} of the boot image ${image.name} (${formatBytes(size)})`,
    });
    if (await hasContent(path, sha256)) continue;
    await download({ servers: from, clock, sha256, path, mode: 0o600, onBytes: () => undefined, warn });
  }
}

/** Consoles and log level as on media; a kernel that dies lets the disk start again. */
export function menuEntry({ inside, uuid }: Omit<Place, 'folder'>, mark: string): string {
  const files = ['initramfs.img', 'medium.cpio', 'root.head', 'root.squashfs', 'root.tail'];
  const parameters = `bw.staged=${mark} console=tty0 console=ttyS0,115200n8 panic=30 quiet loglevel=3`;
  return [
    `menuentry 'Bootwright: the boot environment, once' --id ${stagedEntry} {`,
    `  search --no-floppy --fs-uuid --set=root ${uuid}`,
    `  linux ${inside}/vmlinuz ${parameters}`,
    `  initrd ${files.map((name) => `${inside}/${name}`).join(' ')}`,
    '}',
    '',
  ].join('\n');
}

function impossible(why: string): BootwrightError {
  return new BootwrightError(
    'BW-AGENT-051',
    `The boot image cannot be laid on this disk: ${why}. Nothing was changed.`,
  );
}
