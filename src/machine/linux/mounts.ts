import { mkdir } from '../../host/files.ts';
import { run } from '../../host/process.ts';
import { BootwrightError } from '../../model/error.ts';
import { probe } from './probe.ts';
import { namesIn, readValue } from './sysfs.ts';

interface Mounted {
  readonly source: string;
  readonly folder: string;
}

const types: Readonly<Record<string, readonly string[]>> = {
  ext4: ['ext4', 'rw'],
  vfat: ['vfat', 'umask=0077,shortname=winnt,utf8'],
  ntfs: ['ntfs-3g', 'rw'],
};

/** Mounts below our own folder. The kernel's list is the truth, so a restarted agent finds what the last one left. */
export class Mounts {
  readonly #folder: string;

  constructor(runFolder: string) {
    this.#folder = `${runFolder}/volumes`;
  }

  /** @throws BW-DISK-009 */
  async mount(device: string, at?: string, readOnly = false): Promise<string> {
    const folder = at ?? `${this.#folder}/${device.replace(/^\/dev\//, '').replaceAll('/', '-')}`;
    const mounts = await this.#list();
    const existing = mounts.find((mount) => mount.source === device && (at === undefined || mount.folder === at));
    if (existing !== undefined) return existing.folder;
    const { fileSystem } = await probe(device);
    const [type = fileSystem, options = 'rw'] = types[fileSystem] ?? [];
    if (type === '')
      throw new BootwrightError('BW-DISK-009', `${device} holds no file system, so it cannot be mounted.`);
    await mkdir(folder, { recursive: true });
    try {
      await run('mount', ['-t', type, '-o', readOnly ? 'ro' : options, device, folder]);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new BootwrightError('BW-DISK-009', `${device} (${fileSystem}) cannot be mounted: ${reason}`, { cause });
    }
    return folder;
  }

  /** From all our folders, what is mounted below included. */
  async unmount(device: string): Promise<void> {
    const own = (await this.#list()).filter(({ source, folder }) => source === device && this.#isOurs(folder));
    for (const { folder } of own.toSorted((a, b) => b.folder.length - a.folder.length))
      await run('umount', ['--recursive', folder], { accept: [32] });
    const left = (await this.#list()).find(({ source, folder }) => source === device && this.#isOurs(folder));
    if (left !== undefined)
      throw new BootwrightError(
        'BW-DISK-002',
        `${device} cannot be unmounted from ${left.folder}: a program still uses it.`,
      );
  }

  async unmountAll(): Promise<void> {
    const sources = new Set(
      (await this.#list()).filter(({ folder }) => this.#isOurs(folder)).map(({ source }) => source),
    );
    for (const source of sources) await this.unmount(source);
  }

  /** Where we have mounted it, if anywhere. */
  async folderOf(device: string): Promise<string | undefined> {
    return (await this.#list()).find(({ source, folder }) => source === device && this.#isOurs(folder))?.folder;
  }

  /** @throws BW-DISK-002 when somebody else uses it: a system that runs changes while it is read */
  async refuseForeign(device: string): Promise<void> {
    const foreign = (await this.#list()).find(({ source, folder }) => source === device && !this.#isOurs(folder));
    const holders = await namesIn(`/sys/class/block/${device.replace(/^\/dev\//, '')}/holders`);
    if (foreign === undefined && holders.length === 0) return;
    const use = foreign === undefined ? `part of ${holders.join(', ')}` : `mounted at ${foreign.folder}`;
    throw new BootwrightError('BW-DISK-002', `${device} is ${use}: nothing of it was read or written.`);
  }

  #isOurs(folder: string): boolean {
    return folder.startsWith(`${this.#folder}/`);
  }

  async #list(): Promise<readonly Mounted[]> {
    const lines = (await readValue('/proc/self/mounts')).split('\n');
    return lines.map((line) => {
      const [source = '', folder = ''] = line.split(' ').map(unescapeOctal);
      return { source, folder };
    });
  }
}

/** The kernel writes spaces in paths as `\040`. */
function unescapeOctal(text: string): string {
  return text.replace(/\\(\d{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
