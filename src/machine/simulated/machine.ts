import { BootwrightError } from '../../model/error.ts';
import type {
  ApplyImageRequest,
  CapturedImage,
  CaptureImageRequest,
  CommandRequest,
  CommandResult,
  CompareImageRequest,
  Disk,
  FileSystem,
  ImageComparison,
  Machine,
  MachineFacts,
  NetworkFolder,
  PartitionPlan,
  PartitionTable,
  ReleasedRoom,
  UploadRequest,
  VerifyImageRequest,
  VolumeFacts,
} from '../../model/machine.ts';
import { addImage, imagesOf } from './captures.ts';
import { simulateCommand } from './commands.ts';
import { derivedUuid, type SimulatedFiles, type SimulatedModel, type SimulatedPartition } from './model.ts';
import { deviceOf, SimulatedStore } from './store.ts';

export interface SimulatedMachineOptions {
  /** Trees of images by `<file>#<index>`; an image that is not named here is empty. */
  readonly images?: Readonly<Record<string, SimulatedFiles>>;
  /** Answers a command in place of the built-in effects when it returns something. */
  readonly onCommand?: (request: CommandRequest) => CommandResult | undefined;
}

/** A machine that is a value: previews and tests run the same steps on it as on a real one. */
export class SimulatedMachine extends SimulatedStore implements Machine {
  readonly kind = 'simulated';
  readonly #options: SimulatedMachineOptions;

  /** @param model is changed in place; clone it to compare before and after. */
  constructor(model: SimulatedModel, options: SimulatedMachineOptions = {}) {
    super(model);
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
    const disk = this.disk(path);
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
    const { style, partitions } = this.disk(path);
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

  async releasePartitions(volumes: readonly string[]): Promise<ReleasedRoom> {
    const disk = this.model.disks.find(({ prestaged }) => prestaged?.volumes.some((name) => volumes.includes(name)));
    if (disk?.prestaged === undefined) throw new BootwrightError('BW-DISK-008', 'There are no such partitions.');
    const { volumes: removed, usableBytes } = disk.prestaged;
    delete disk.prestaged;
    const root = disk.partitions.at(-1);
    if (root === undefined) throw new BootwrightError('BW-DISK-008', 'There is no root file system.');
    const before = root.sizeBytes;
    root.sizeBytes += disk.sizeBytes - 2 ** 21 - usableBytes;
    return { removed, rootBytes: { before, after: root.sizeBytes } };
  }

  async format(volume: string, fileSystem: FileSystem, label: string): Promise<void> {
    const { partition } = this.locate(volume);
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
    const { disk, partition, device } = this.locate(reference);
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
    const { device, partition } = this.locate(volume);
    if (partition.fileSystem === '') throw new BootwrightError('BW-DISK-009', `${device} holds no file system.`);
    const folder = at ?? `/volumes/${device.slice('/dev/'.length)}`;
    this.mounts.set(folder, device);
    return folder;
  }

  async unmount(volume: string): Promise<void> {
    const { device } = this.locate(volume);
    const own = [...this.mounts].filter(([, mounted]) => mounted === device).map(([folder]) => folder);
    for (const folder of [...this.mounts.keys()])
      if (own.some((root) => folder === root || folder.startsWith(`${root}/`))) this.mounts.delete(folder);
  }

  async clearVolume(volume: string, keep: readonly string[]): Promise<void> {
    const { partition } = this.locate(volume);
    partition.image = '';
    for (const path of Object.keys(partition.files))
      if (!keep.includes(path.split('/')[1] ?? '')) delete partition.files[path];
  }

  async applyImage({ file, index, volume, onProgress }: ApplyImageRequest): Promise<void> {
    const { partition } = this.locate(volume);
    partition.image = `${file}#${index}`;
    Object.assign(partition.files, structuredClone(this.#options.images?.[partition.image] ?? {}));
    onProgress?.(1, 'simulated');
  }

  async compareWithImage(request: CompareImageRequest): Promise<ImageComparison> {
    const { file, index, volume, sampleSize, ignore, mayHoldMore } = request;
    const expected = this.#options.images?.[`${file}#${index}`] ?? {};
    const { partition } = this.locate(volume);
    const found = Object.fromEntries(
      Object.entries(partition.files).filter(
        ([path]) => !ignore.includes(path.split('/')[1] ?? '') && (mayHoldMore !== true || path in expected),
      ),
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

  async systemOn(volume: string): Promise<string> {
    const { files } = this.locate(volume).partition;
    if (Object.keys(files).some((path) => path.startsWith('/Windows/System32/'))) return 'Windows';
    const release = files['/usr/lib/os-release'] ?? files['/etc/os-release'];
    return release !== undefined && 'text' in release
      ? (/^PRETTY_NAME="?([^"\n]*)"?$/m.exec(release.text)?.[1] ?? '')
      : '';
  }

  async captureImage({ volume, file, name, exclude, onProgress }: CaptureImageRequest): Promise<void> {
    const { partition } = this.locate(volume);
    const { files, inside } = this.place(file);
    files[inside] = addImage(files[inside], name, partition.files, exclude);
    onProgress?.(1, 'simulated');
  }

  async verifyImage({ file }: VerifyImageRequest): Promise<readonly CapturedImage[]> {
    const { files, inside } = this.place(file);
    return imagesOf(files[inside]);
  }

  async connectFolder({ protocol, server, path }: NetworkFolder): Promise<string> {
    return `/network/${protocol}/${server}${path}`;
  }

  async disconnectFolder(): Promise<void> {}

  async upload({ file, url }: UploadRequest): Promise<void> {
    this.model.commands.push(`upload ${file} to ${url}`);
  }

  async command(request: CommandRequest): Promise<CommandResult> {
    const text = typeof request.command === 'string' ? request.command : request.command.join(' ');
    this.model.commands.push(request.root === undefined ? text : `[${request.root}] ${text}`);
    const answer = this.#options.onCommand?.(request);
    if (answer !== undefined) return answer;
    const { root = '', question, leaves = [] } = request;
    if (question === true) return { code: this.model.answers[text] ?? 1, timedOut: false, output: '' };
    for (const left of leaves)
      if ('file' in left) this.put(`${root}${left.file}`, { mode: '755', text: left.text });
      else this.model.answers[left.answer] = left.code;
    const { files, partition } = this.place(`${root}/`);
    return simulateCommand(request, {
      files,
      ...(partition === undefined ? {} : { partition }),
      installBootCode: (disk) => {
        this.disk(disk).bootCode = 'grub';
      },
    });
  }

  async readDisk(path: string, offset: number, length: number): Promise<Uint8Array> {
    const disk = this.disk(path);
    const sector = new Uint8Array(512);
    if (disk.bootCode === 'grub') {
      const core = disk.partitions.find(({ type }) => type === 'bios-boot')?.startBytes ?? 0;
      new DataView(sector.buffer).setBigUint64(0x5c, BigInt(core / 512), true);
      sector.set(new TextEncoder().encode('GRUB '), 0x180);
    }
    return sector.slice(offset, offset + length);
  }
}

function countOf(files: SimulatedFiles): { files: number; bytes: number } {
  const sizes = Object.values(files).map((file) =>
    'text' in file ? file.text.length : 'base64' in file ? Math.floor((file.base64.length * 3) / 4) : 0,
  );
  return { files: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}
