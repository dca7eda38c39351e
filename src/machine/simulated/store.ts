import { dirname } from 'node:path/posix';
import { BootwrightError } from '../../model/error.ts';
import type { FoundFile } from '../../model/machine.ts';
import type { SimulatedDisk, SimulatedFile, SimulatedFiles, SimulatedModel, SimulatedPartition } from './model.ts';

/** Disks, what is mounted where, and files by path: the model as a file system shows it. */
export class SimulatedStore {
  readonly model: SimulatedModel;
  /** Folder → device. */
  protected readonly mounts = new Map<string, string>();

  constructor(model: SimulatedModel) {
    this.model = model;
  }

  async readFile(path: string): Promise<Uint8Array | undefined> {
    const { files, inside } = this.place(path);
    const file = files[inside];
    if (file === undefined) return undefined;
    if ('link' in file) return this.readFile(file.link.startsWith('/') ? file.link : `${dirname(path)}/${file.link}`);
    return 'text' in file ? new TextEncoder().encode(file.text) : Uint8Array.from(Buffer.from(file.base64, 'base64'));
  }

  async writeFile(path: string, data: string | Uint8Array, mode = 0o644): Promise<void> {
    const content = typeof data === 'string' ? { text: data } : { base64: Buffer.from(data).toString('base64') };
    this.put(path, { mode: mode.toString(8), ...content });
  }

  async remove(path: string): Promise<void> {
    const { files, inside } = this.place(path);
    for (const name of Object.keys(files)) if (name === inside || name.startsWith(`${inside}/`)) delete files[name];
  }

  async list(path: string): Promise<readonly string[]> {
    const { files, inside } = this.place(`${path.replace(/\/+$/, '')}/`);
    const names = Object.keys(files).flatMap((name) =>
      name.startsWith(inside) ? [name.slice(inside.length).split('/')[0] ?? ''] : [],
    );
    return [...new Set(names)].sort();
  }

  async find(folder: string): Promise<readonly FoundFile[]> {
    const { files, inside } = this.place(folder.replace(/\/+$/, ''));
    const below = Object.keys(files).filter((name) => name.startsWith(`${inside}/`));
    return below.sort().map((name) => {
      const file = files[name];
      const kind = file !== undefined && 'link' in file ? 'link' : 'file';
      return { path: name.slice(inside.length), kind, sizeBytes: sizeOf(file) };
    });
  }

  async empty(path: string): Promise<void> {
    const { files, inside } = this.place(path);
    const file = files[inside];
    if (file !== undefined) files[inside] = { mode: file.mode, text: '' };
  }

  async rename(from: string, to: string): Promise<void> {
    const old = this.place(from);
    const file = old.files[old.inside];
    if (file === undefined) return;
    delete old.files[old.inside];
    this.put(to, file);
  }

  async fileSize(path: string): Promise<number | undefined> {
    const { files, inside } = this.place(path);
    return files[inside] === undefined ? undefined : sizeOf(files[inside]);
  }

  async space(path: string): Promise<{ readonly usedBytes: number; readonly freeBytes: number }> {
    const { files, partition } = this.place(path);
    const usedBytes = Object.values(files).reduce((sum, file) => sum + sizeOf(file), 0);
    return { usedBytes, freeBytes: (partition?.sizeBytes ?? 2 ** 30) - usedBytes };
  }

  async link(target: string, path: string): Promise<void> {
    this.put(path, { mode: '777', link: target });
  }

  async readLink(path: string): Promise<string | undefined> {
    const { files, inside } = this.place(path);
    const file = files[inside];
    return file !== undefined && 'link' in file ? file.link : undefined;
  }

  /** What is copied is known by where it came from. */
  async copyIn(from: string, to: string): Promise<void> {
    this.put(to, { mode: '755', text: `copy of ${from}` });
  }

  protected put(path: string, file: SimulatedFile): void {
    const { files, inside } = this.place(path);
    files[inside] = file;
  }

  /** The file store a path lies in, and the path within it. */
  protected place(path: string): { files: SimulatedFiles; inside: string; partition?: SimulatedPartition } {
    const folder = [...this.mounts.keys()]
      .filter((mounted) => path === mounted || path.startsWith(`${mounted}/`))
      .sort((a, b) => b.length - a.length)[0];
    if (folder === undefined) return { files: this.model.files, inside: path };
    const { partition } = this.locate(this.mounts.get(folder) ?? '');
    return { files: partition.files, inside: path.slice(folder.length), partition };
  }

  protected disk(path: string): SimulatedDisk {
    const found = this.model.disks.find((disk) => disk.path === path);
    if (found === undefined) throw new BootwrightError('BW-DISK-001', `There is no disk ${path}.`);
    return found;
  }

  protected locate(reference: string): { disk: SimulatedDisk; partition: SimulatedPartition; device: string } {
    const uuid = /^PARTUUID=(.+)$/.exec(reference)?.[1];
    for (const disk of this.model.disks) {
      for (const partition of disk.partitions) {
        const device = deviceOf(disk.path, partition.number);
        if (uuid === undefined ? device === reference : partition.uuid === uuid) return { disk, partition, device };
      }
    }
    throw new BootwrightError('BW-DISK-008', `There is no volume ${reference}.`);
  }
}

export function deviceOf(disk: string, number: number): string {
  return `${disk}${/\d$/.test(disk) ? 'p' : ''}${number}`;
}

function sizeOf(file: SimulatedFile | undefined): number {
  if (file === undefined || 'link' in file) return 0;
  return 'text' in file ? file.text.length : Math.floor((file.base64.length * 3) / 4);
}
