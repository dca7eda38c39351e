import { exists, readdir } from '../../host/files.ts';
import { run } from '../../host/process.ts';
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
import { captureImage, verifyImage } from './capture.ts';
import { runCommand } from './command.ts';
import { describeContents, systemIn, systemOn } from './contents.ts';
import { listDisks, sourceDisks } from './disks.ts';
import { readFacts } from './facts.ts';
import { LinuxFiles } from './files.ts';
import { makeFileSystem } from './format.ts';
import { applyImage, compareWithImage } from './image.ts';
import { Mounts } from './mounts.ts';
import { connectFolder, disconnectFolder } from './network-folder.ts';
import { partitionDevices, readAt, readTable, writeTable } from './partitions.ts';
import { writeTableBeside } from './partitions-beside.ts';
import { keptDevices, prestagedPart } from './prestaged.ts';
import { probe } from './probe.ts';
import { releasePartitions } from './release.ts';
import { diskOf, readValue } from './sysfs.ts';
import { uploadFile } from './upload.ts';

export interface LinuxMachineOptions {
  readonly environment: 'boot' | 'deployed';
  /** Folder in memory for mounts, secrets and scratch; default `/run/bootwright`. */
  readonly runFolder?: string;
  /** Devices the boot medium lies on; by default the lines of `<runFolder>/source`. Never written to. */
  readonly sources?: readonly string[];
  /** The only devices that count as disks, loop devices included: for tests. */
  readonly onlyDisks?: readonly string[];
  /** Partitions a prestaged medium lies on; by default the lines of `<runFolder>/kept`. */
  readonly kept?: readonly string[];
}

/** The machine we run on: the boot environment, or a deployed Linux. Needs root. */
export class LinuxMachine extends LinuxFiles implements Machine {
  readonly kind = 'linux';
  readonly environment: 'boot' | 'deployed';
  readonly #runFolder: string;
  readonly #sources: readonly string[] | undefined;
  readonly #onlyDisks: readonly string[] | undefined;
  readonly #kept: readonly string[] | undefined;
  readonly #mounts: Mounts;

  constructor(options: LinuxMachineOptions) {
    super();
    this.environment = options.environment;
    this.#runFolder = options.runFolder ?? '/run/bootwright';
    this.#sources = options.sources;
    this.#onlyDisks = options.onlyDisks;
    this.#kept = options.kept;
    this.#mounts = new Mounts(this.#runFolder);
  }

  facts(): Promise<MachineFacts> {
    return readFacts();
  }

  async disks(): Promise<readonly Disk[]> {
    const found = await this.#search((disk, place) => describeContents(disk, place, this.#runFolder));
    return Promise.all(
      found.map(async (disk) => {
        const kept = await this.#keptOn(disk);
        if (kept.length === 0) return disk;
        const { volumes, usableBytes } = prestagedPart(disk, kept);
        return { ...disk, prestaged: { volumes, usableBytes } };
      }),
    );
  }

  async partition(disk: string, table: PartitionPlan): Promise<void> {
    await this.#refuseMedium(disk);
    const found = await this.#disk(disk);
    const kept = await this.#keptOn(found);
    // What we mounted ourselves, e.g. to keep the run's state, must not stand in the way of a second attempt.
    for (const device of await partitionDevices(disk))
      if (!kept.some((partition) => partition.device === device)) await this.#mounts.unmount(device);
    if (kept.length === 0) return writeTable(found, table);
    await writeTableBeside(found, table, kept);
    const now = await this.#keptOn(found);
    if (JSON.stringify(now) !== JSON.stringify(kept))
      throw new BootwrightError(
        'BW-DISK-006',
        `The partitions of the prestaged medium on ${disk} were to stay as they are.`,
      );
  }

  async partitionTable(disk: string): Promise<PartitionTable> {
    const found = await this.#disk(disk);
    const table = await readTable(found);
    const kept = await this.#keptOn(found);
    const isKept = (uuid: string): boolean => kept.some((partition) => partition.uuid === uuid);
    return { ...table, partitions: table.partitions.filter(({ uuid }) => !isKept(uuid)) };
  }

  async releasePartitions(volumes: readonly string[]): Promise<ReleasedRoom> {
    return releasePartitions(await this.#search(), volumes);
  }

  async format(volume: string, fileSystem: FileSystem, label: string): Promise<void> {
    const device = await this.#writable(volume);
    await this.#mounts.unmount(device);
    await makeFileSystem(device, fileSystem, label);
  }

  async volume(reference: string): Promise<VolumeFacts> {
    const device = await this.#device(reference);
    await run('blockdev', ['--flushbufs', device]);
    const name = device.replace(/^\/dev\//, '');
    return {
      device,
      disk: `/dev/${await diskOf(name)}`,
      sizeBytes: Number(await readValue(`/sys/class/block/${name}/size`)) * 512,
      ...(await probe(device)),
    };
  }

  async mount(volume: string, at?: string): Promise<string> {
    return this.#mounts.mount(await this.#writable(volume), at);
  }

  async unmount(volume: string): Promise<void> {
    await this.#mounts.unmount(await this.#device(volume));
  }

  /** Unmounts everything this machine mounted. */
  async close(): Promise<void> {
    await this.#mounts.unmountAll();
  }

  async clearVolume(volume: string, keep: readonly string[]): Promise<void> {
    const device = await this.#writable(volume);
    // Freshly mounted: nothing that was mounted below it can be emptied by accident.
    await this.#mounts.unmount(device);
    const folder = await this.#mounts.mount(device);
    const names = [...keep, 'lost+found'];
    if ((await readdir(folder)).every((name) => names.includes(name))) return;
    const kept = names.flatMap((name) => ['!', '-name', name]);
    const remove = ['-exec', 'rm', '-rf', '{}', '+'];
    await run('find', [folder, '-mindepth', '1', '-maxdepth', '1', ...kept, ...remove]);
  }

  async applyImage(request: ApplyImageRequest): Promise<void> {
    const device = await this.#writable(request.volume);
    await applyImage(request, device, (await probe(device)).fileSystem, this.#mounts);
  }

  async compareWithImage(request: CompareImageRequest): Promise<ImageComparison> {
    return compareWithImage(request, await this.#device(request.volume), this.#mounts, this.#runFolder);
  }

  async systemOn(volume: string): Promise<string> {
    const device = await this.#device(volume);
    const mounted = await this.#mounts.folderOf(device);
    return mounted === undefined
      ? systemOn(device, (await probe(device)).fileSystem, this.#runFolder)
      : systemIn(mounted);
  }

  async captureImage(request: CaptureImageRequest): Promise<void> {
    const device = await this.#writable(request.volume);
    await this.#mounts.refuseForeign(device);
    const { fileSystem } = await probe(device);
    await captureImage(request, device, fileSystem, this.#mounts, this.#runFolder);
  }

  verifyImage(request: VerifyImageRequest): Promise<readonly CapturedImage[]> {
    return verifyImage(request);
  }

  connectFolder(folder: NetworkFolder): Promise<string> {
    return connectFolder(folder, this.#runFolder);
  }

  disconnectFolder(path: string): Promise<void> {
    return disconnectFolder(path, this.#runFolder);
  }

  upload(request: UploadRequest): Promise<void> {
    return uploadFile(request);
  }

  command(request: CommandRequest): Promise<CommandResult> {
    return runCommand(request, this.#runFolder);
  }

  readDisk(disk: string, offset: number, length: number): Promise<Uint8Array> {
    return readAt(disk, offset, length);
  }

  async #search(describe?: (disk: string, place: string) => Promise<string>): Promise<readonly Disk[]> {
    return listDisks({
      sources: await this.#sourceList(),
      ...(this.#onlyDisks === undefined ? {} : { only: this.#onlyDisks }),
      ...(describe === undefined ? {} : { describe }),
    });
  }

  /** Partitions of a prestaged medium on this disk. */
  async #keptOn(disk: Disk): Promise<PartitionTable['partitions']> {
    const devices = this.#kept ?? (await keptDevices(this.#runFolder));
    const disks = await Promise.all(devices.map((device) => diskOf(device.replace(/^\/dev\//, ''))));
    if (!disks.includes(disk.path.replace(/^\/dev\//, ''))) return [];
    return (await readTable(disk)).partitions.filter(({ device }) => devices.includes(device));
  }

  async #sourceList(): Promise<readonly string[]> {
    return this.#sources ?? (await readValue(`${this.#runFolder}/source`)).split('\n');
  }

  /** @throws BW-DISK-001 */
  async #disk(path: string): Promise<Disk> {
    const found = (await this.#search()).find((disk) => disk.path === path);
    if (found === undefined)
      throw new BootwrightError('BW-DISK-001', `There is no disk ${path}, or it holds the boot medium.`);
    return found;
  }

  /** A volume's device. @throws BW-DISK-008 */
  async #device(reference: string): Promise<string> {
    const uuid = /^PARTUUID=(.+)$/.exec(reference)?.[1]?.toLowerCase();
    if (uuid === undefined) {
      if (!(await exists(reference))) throw new BootwrightError('BW-DISK-008', `There is no volume ${reference}.`);
      return reference;
    }
    const found: string[] = [];
    for (const disk of await this.#search()) {
      const table = await readTable(disk).catch(() => undefined);
      for (const partition of table?.partitions ?? []) if (partition.uuid === uuid) found.push(partition.device);
    }
    const [device] = found;
    if (device === undefined)
      throw new BootwrightError('BW-DISK-008', `No disk of this machine holds the partition ${uuid}.`);
    if (found.length > 1)
      throw new BootwrightError(
        'BW-DISK-008',
        `${found.join(' and ')} are copies of each other: which one is meant cannot be told.`,
      );
    return device;
  }

  async #writable(reference: string): Promise<string> {
    const device = await this.#device(reference);
    await this.#refuseMedium(device);
    return device;
  }

  /** @throws BW-DISK-003 */
  async #refuseMedium(device: string): Promise<void> {
    const disk = await diskOf(device.replace(/^\/dev\//, ''));
    const kept = this.#kept ?? (await keptDevices(this.#runFolder));
    if (kept.includes(device))
      throw new BootwrightError('BW-DISK-003', `${device} belongs to the prestaged medium: it was not touched.`);
    if ((await sourceDisks(await this.#sourceList())).has(disk))
      throw new BootwrightError('BW-DISK-003', `${device} belongs to the boot medium: it was not touched.`);
  }
}
