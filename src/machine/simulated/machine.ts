import { dirname } from 'node:path/posix';
import { BootwrightError } from '../../model/error.ts';
import type {
  ApplyImageRequest,
  CommandRequest,
  CommandResult,
  CompareImageRequest,
  Disk,
  FileSystem,
  ImageComparison,
  Machine,
  MachineFacts,
  PartitionPlan,
  PartitionTable,
  VolumeFacts,
} from '../../model/machine.ts';
import { simulateCommand } from './commands.ts';
import {
  derivedUuid,
  type SimulatedDisk,
  type SimulatedFile,
  type SimulatedFiles,
  type SimulatedModel,
  type SimulatedPartition,
} from './model.ts';

export interface SimulatedMachineOptions {
  /** Trees of images by `<file>#<index>`; an image that is not named here is empty. */
  readonly images?: Readonly<Record<string, SimulatedFiles>>;
  /** Answers a command in place of the built-in effects when it returns something. */
  readonly onCommand?: (request: CommandRequest) => CommandResult | undefined;
}

/** A machine that is a value: previews and tests run the same steps on it as on a real one. */
export class SimulatedMachine implements Machine {
  readonly kind = 'simulated';
  readonly model: SimulatedModel;
  readonly #options: SimulatedMachineOptions;
  /** Folder → device. */
  readonly #mounts = new Map<string, string>();

  /** @param model is changed in place; clone it to compare before and after. */
  constructor(model: SimulatedModel, options: SimulatedMachineOptions = {}) {
    this.model = model;
    this.#options = options;
  }

  get environment(): 'boot' | 'deployed' {
    return this.model.environment;
  }

  async facts(): Promise<MachineFacts> {
    return this.model.facts;
  }

  async disks(): Promise<readonly Disk[]> {
    return this.model.disks.map(({ style, bootCode, partitions, ...disk }, index) => {
      const volumes = partitions
        .filter(({ fileSystem }) => fileSystem !== '')
        .map(({ fileSystem, label }) => `${fileSystem} "${label}"`);
      const contents = partitions.length === 0 ? 'empty' : `${partitions.length} partitions: ${volumes.join(', ')}`;
      return { ...disk, index, contents };
    });
  }

  async partition(path: string, { style, partitions }: PartitionPlan): Promise<void> {
    const disk = this.#disk(path);
    let startBytes = 2 ** 20;
    disk.style = style;
    disk.bootCode = '';
    disk.partitions = partitions.map(({ name, type, sizeBytes }, index): SimulatedPartition => {
      const uuid = derivedUuid(`${disk.serial}/${index + 1}/${name}`);
      const empty = { fileSystem: '', label: '', volumeUuid: '', image: '', files: {} };
      const partition = { number: index + 1, name, type, startBytes, sizeBytes, uuid, ...empty };
      startBytes += sizeBytes;
      return partition;
    });
    if (startBytes > disk.sizeBytes)
      throw new BootwrightError('BW-DISK-005', `The partitions end behind the end of ${path}.`);
  }

  async partitionTable(path: string): Promise<PartitionTable> {
    const { style, partitions } = this.#disk(path);
    return {
      style,
      partitions: partitions.map(({ number, name, type, startBytes, sizeBytes, uuid }) => ({
        device: deviceOf(path, number),
        number,
        name,
        type,
        startBytes,
        sizeBytes,
        uuid,
      })),
    };
  }

  async format(volume: string, fileSystem: FileSystem, label: string): Promise<void> {
    const { partition } = this.#find(volume);
    const uuid = derivedUuid(`${partition.uuid}/${fileSystem}`);
    partition.fileSystem = fileSystem === 'fat32' ? 'vfat' : fileSystem === 'none' ? '' : fileSystem;
    partition.label = fileSystem === 'fat32' ? label.toUpperCase() : label;
    partition.volumeUuid =
      fileSystem === 'fat32'
        ? uuid
            .slice(0, 9)
            .toUpperCase()
            .replace(/^(.{4})(.{4}).*/, '$1-$2')
        : uuid;
    partition.image = '';
    partition.files = {};
  }

  async volume(reference: string): Promise<VolumeFacts> {
    const { disk, partition, device } = this.#find(reference);
    const { fileSystem, label, volumeUuid, sizeBytes, uuid, number } = partition;
    return {
      device,
      disk: disk.path,
      partitionNumber: number,
      partitionUuid: uuid,
      sizeBytes,
      fileSystem,
      label,
      uuid: volumeUuid,
    };
  }

  async mount(volume: string, at?: string): Promise<string> {
    const { device, partition } = this.#find(volume);
    if (partition.fileSystem === '') throw new BootwrightError('BW-DISK-009', `${device} holds no file system.`);
    const folder = at ?? `/volumes/${device.slice('/dev/'.length)}`;
    this.#mounts.set(folder, device);
    return folder;
  }

  async unmount(volume: string): Promise<void> {
    const { device } = this.#find(volume);
    const own = [...this.#mounts].filter(([, mounted]) => mounted === device).map(([folder]) => folder);
    for (const folder of [...this.#mounts.keys()])
      if (own.some((root) => folder === root || folder.startsWith(`${root}/`))) this.#mounts.delete(folder);
  }

  async clearVolume(volume: string, keep: readonly string[]): Promise<void> {
    const { partition } = this.#find(volume);
    partition.image = '';
    for (const path of Object.keys(partition.files))
      if (!keep.includes(path.split('/')[1] ?? '')) delete partition.files[path];
  }

  async applyImage({ file, index, volume, onProgress }: ApplyImageRequest): Promise<void> {
    const { partition } = this.#find(volume);
    partition.image = `${file}#${index}`;
    Object.assign(partition.files, structuredClone(this.#options.images?.[partition.image] ?? {}));
    onProgress?.(1, 'simulated');
  }

  async compareWithImage({ file, index, volume, sampleSize, ignore }: CompareImageRequest): Promise<ImageComparison> {
    const expected = this.#options.images?.[`${file}#${index}`] ?? {};
    const { partition } = this.#find(volume);
    const found = Object.fromEntries(
      Object.entries(partition.files).filter(([path]) => !ignore.includes(path.split('/')[1] ?? '')),
    );
    const paths = [...new Set([...Object.keys(expected), ...Object.keys(found)])];
    const differences = paths.filter((path) => JSON.stringify(expected[path]) !== JSON.stringify(found[path]));
    if (partition.image !== `${file}#${index}`) differences.unshift('the image was not applied');
    return {
      expected: countOf(expected),
      found: countOf(found),
      sampled: Math.min(sampleSize, Object.keys(expected).length),
      differences: differences.map((path) => `${path} differs`),
    };
  }

  async command(request: CommandRequest): Promise<CommandResult> {
    const text = typeof request.command === 'string' ? request.command : request.command.join(' ');
    this.model.commands.push(request.root === undefined ? text : `[${request.root}] ${text}`);
    const answer = this.#options.onCommand?.(request);
    if (answer !== undefined) return answer;
    const { files, partition } = this.#place(`${request.root ?? ''}/`);
    return simulateCommand(request, {
      files,
      ...(partition === undefined ? {} : { partition }),
      installBootCode: (disk) => {
        this.#disk(disk).bootCode = 'grub';
      },
    });
  }

  async readFile(path: string): Promise<Uint8Array | undefined> {
    const { files, inside } = this.#place(path);
    const file = files[inside];
    if (file === undefined) return undefined;
    if ('link' in file) return this.readFile(file.link.startsWith('/') ? file.link : `${dirname(path)}/${file.link}`);
    return 'text' in file ? new TextEncoder().encode(file.text) : Uint8Array.from(Buffer.from(file.base64, 'base64'));
  }

  async readDisk(path: string, offset: number, length: number): Promise<Uint8Array> {
    const disk = this.#disk(path);
    const sector = new Uint8Array(512);
    if (disk.bootCode === 'grub') {
      const core = disk.partitions.find(({ type }) => type === 'bios-boot')?.startBytes ?? 0;
      new DataView(sector.buffer).setBigUint64(0x5c, BigInt(core / 512), true);
      sector.set(new TextEncoder().encode('GRUB '), 0x180);
    }
    return sector.slice(offset, offset + length);
  }

  async writeFile(path: string, data: string | Uint8Array, mode = 0o644): Promise<void> {
    const content = typeof data === 'string' ? { text: data } : { base64: Buffer.from(data).toString('base64') };
    this.#put(path, { mode: mode.toString(8), ...content });
  }

  async remove(path: string): Promise<void> {
    const { files, inside } = this.#place(path);
    for (const name of Object.keys(files)) if (name === inside || name.startsWith(`${inside}/`)) delete files[name];
  }

  async list(path: string): Promise<readonly string[]> {
    const { files, inside } = this.#place(`${path.replace(/\/+$/, '')}/`);
    const names = Object.keys(files).flatMap((name) =>
      name.startsWith(inside) ? [name.slice(inside.length).split('/')[0] ?? ''] : [],
    );
    return [...new Set(names)].sort();
  }

  async link(target: string, path: string): Promise<void> {
    this.#put(path, { mode: '777', link: target });
  }

  async readLink(path: string): Promise<string | undefined> {
    const { files, inside } = this.#place(path);
    const file = files[inside];
    return file !== undefined && 'link' in file ? file.link : undefined;
  }

  /** What is copied is known by where it came from. */
  async copyIn(from: string, to: string): Promise<void> {
    this.#put(to, { mode: '755', text: `copy of ${from}` });
  }

  #put(path: string, file: SimulatedFile): void {
    const { files, inside } = this.#place(path);
    files[inside] = file;
  }

  /** The file store a path lies in, and the path within it. */
  #place(path: string): { files: SimulatedFiles; inside: string; partition?: SimulatedPartition } {
    const folder = [...this.#mounts.keys()]
      .filter((mounted) => path === mounted || path.startsWith(`${mounted}/`))
      .sort((a, b) => b.length - a.length)[0];
    if (folder === undefined) return { files: this.model.files, inside: path };
    const { partition } = this.#find(this.#mounts.get(folder) ?? '');
    return { files: partition.files, inside: path.slice(folder.length), partition };
  }

  #disk(path: string): SimulatedDisk {
    const found = this.model.disks.find((disk) => disk.path === path);
    if (found === undefined) throw new BootwrightError('BW-DISK-001', `There is no disk ${path}.`);
    return found;
  }

  #find(reference: string): { disk: SimulatedDisk; partition: SimulatedPartition; device: string } {
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

function deviceOf(disk: string, number: number): string {
  return `${disk}${/\d$/.test(disk) ? 'p' : ''}${number}`;
}

function countOf(files: SimulatedFiles): { files: number; bytes: number } {
  const sizes = Object.values(files).map((file) =>
    'text' in file ? file.text.length : 'base64' in file ? Math.floor((file.base64.length * 3) / 4) : 0,
  );
  return { files: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}
