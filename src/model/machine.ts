/**
 * What steps act on. One interface, several machines: `linux` (boot environment or deployed Linux), `simulated` (a
 * model, for previews and tests), later `windows`. A step is written once against this interface; what differs
 * between machines lives in the machine. Every operation that changes something has a reading counterpart, because a
 * step may only say "success" after it has read back what it did.
 */
export interface Machine {
  readonly kind: 'linux' | 'simulated' | 'windows';
  readonly environment: 'boot' | 'deployed';
  facts(): Promise<MachineFacts>;
  /**
   * All disks but those the boot medium lies on, in a stable order (by bus path). A prestaged medium lies on the machine's
   * own disk, which is one of them: nothing that is done to it reaches the medium's partitions.
   */
  disks(): Promise<readonly Disk[]>;

  /** Replaces the whole partition table, but for the partitions of a prestaged medium. Erases everything else on the disk. */
  partition(disk: string, table: PartitionPlan): Promise<void>;
  /** The table as it is on the disk now, without the partitions of a prestaged medium. */
  partitionTable(disk: string): Promise<PartitionTable>;
  /**
   * Creates a file system on a volume. Everywhere a volume is named, a device (`/dev/sda2`) or the stable
   * `PARTUUID=<uuid>` will do; variables hold the latter, because device names change between starts.
   */
  format(volume: string, fileSystem: FileSystem, label: string): Promise<void>;
  /**
   * In the deployed system: removes partitions of a disk, and lets the volume of its root file system have the room behind
   * it. Nothing that is mounted is removed.
   */
  releasePartitions(volumes: readonly string[]): Promise<ReleasedRoom>;
  /** File system, label and UUID as found on the volume now. */
  volume(device: string): Promise<VolumeFacts>;

  /** Mounts a volume (idempotent) and returns the folder; `at` asks for a certain folder, e.g. `<root>/boot/efi`. */
  mount(volume: string, at?: string): Promise<string>;
  /** Unmounts it from everywhere this machine mounted it, with what is mounted below. Idempotent. */
  unmount(volume: string): Promise<void>;
  /** Removes everything from a volume except the named top-level entries (`_SMSTaskSequence`). */
  clearVolume(volume: string, keep: readonly string[]): Promise<void>;

  applyImage(request: ApplyImageRequest): Promise<void>;
  /** Remounts the volume and compares it with the image: counts, bytes, and SHA-256 of files chosen by `seed`. */
  compareWithImage(request: CompareImageRequest): Promise<ImageComparison>;

  /** The operating system on a volume in words, `Windows` or `Debian GNU/Linux 13 (trixie)`; empty when there is none. Changes no byte. */
  systemOn(volume: string): Promise<string>;
  /** Writes a volume into a WIM, as a further image when the file exists. Refuses a volume somebody else has mounted. */
  captureImage(request: CaptureImageRequest): Promise<void>;
  /** Reads every byte of a WIM again, checks it against the hashes in it, and says which images it holds. */
  verifyImage(request: VerifyImageRequest): Promise<readonly CapturedImage[]>;
  /** Mounts a network folder and returns where. One that goes away is waited for; what is read comes from the server. */
  connectFolder(folder: NetworkFolder): Promise<string>;
  /** Unmounts it; idempotent. A server that is gone does not keep it. */
  disconnectFolder(path: string): Promise<void>;
  /** Sends a file to a server, from where an earlier attempt ended. */
  upload(request: UploadRequest): Promise<void>;

  /** Runs a command. Secrets go through `input`, never into arguments or the environment. */
  command(request: CommandRequest): Promise<CommandResult>;
  /** A file's bytes; `undefined` when there is none. Follows links. */
  readFile(path: string): Promise<Uint8Array | undefined>;
  /** Raw bytes of a disk, e.g. its boot code. */
  readDisk(disk: string, offset: number, length: number): Promise<Uint8Array>;
  /** Atomic: the file appears whole or not at all. Creates missing folders. */
  writeFile(path: string, data: string | Uint8Array, mode?: number): Promise<void>;
  /** Removes a file, link or tree; nothing happens when there is none. */
  remove(path: string): Promise<void>;
  /** Names in a folder, sorted; empty when there is no such folder. */
  list(path: string): Promise<readonly string[]>;
  /** Everything below a folder of one volume, by its path inside (`/apt/history.log`), sorted; follows no link. */
  find(folder: string): Promise<readonly FoundFile[]>;
  /** Makes a file empty and leaves its owner and mode as they are. */
  empty(path: string): Promise<void>;
  /** Gives a file another name in the same file system, durably; replaces what has that name. */
  rename(from: string, to: string): Promise<void>;
  /** Bytes of a file; `undefined` when there is none. */
  fileSize(path: string): Promise<number | undefined>;
  /** Bytes used and free where a path lies. */
  space(path: string): Promise<{ readonly usedBytes: number; readonly freeBytes: number }>;
  /** Creates or replaces a symbolic link. */
  link(target: string, path: string): Promise<void>;
  /** Where a symbolic link points; `undefined` when it is none. */
  readLink(path: string): Promise<string | undefined>;
  /** Copies a file or tree of the boot environment into the target, e.g. Node and the agent. */
  copyIn(from: string, to: string): Promise<void>;
}

export interface MachineFacts {
  readonly firmware: 'bios' | 'uefi';
  readonly secureBoot: boolean;
  readonly architecture: 'x64' | 'arm64';
  readonly make: string;
  readonly model: string;
  readonly serialNumber: string;
  readonly assetTag: string;
  readonly uuid: string;
  readonly memoryBytes: number;
  readonly macAddresses: readonly string[];
  readonly tpm: boolean;
}

export interface Disk {
  /** Device node, `/dev/nvme0n1`. */
  readonly path: string;
  /** Zero-based number in `disks()`, what `OSDDiskIndex` means here. */
  readonly index: number;
  readonly serial: string;
  readonly model: string;
  readonly bus: 'nvme' | 'sata' | 'scsi' | 'virtio' | 'usb' | 'mmc' | 'unknown';
  readonly sizeBytes: number;
  /** Logical sector size; 4096 on 4Kn disks. */
  readonly sectorSize: number;
  readonly removable: boolean;
  /** What is on it now, in words for the person who is asked: `3 partitions, ext4 "root" (Debian 12)`. */
  readonly contents: string;
  /** A prestaged medium lies here. */
  readonly prestaged?: PrestagedPart;
}

/** What a prestaged medium takes of a disk. */
export interface PrestagedPart {
  /** `PARTUUID=…` of its partitions, which stay. */
  readonly volumes: readonly string[];
  /** Bytes in one piece beside them, whole MiB: the room for everything else. */
  readonly usableBytes: number;
}

export interface ReleasedRoom {
  /** Devices that are gone. */
  readonly removed: readonly string[];
  /** Bytes of the root file system's partition, before and after. */
  readonly rootBytes: { readonly before: number; readonly after: number };
}

export type FileSystem = 'ext4' | 'fat32' | 'ntfs' | 'none';

export interface PartitionPlan {
  readonly style: 'gpt' | 'mbr';
  readonly partitions: readonly PlannedPartition[];
}

export interface PlannedPartition {
  readonly name: string;
  readonly type: PartitionType;
  /** Exact bytes; the step has already resolved percentages and units. */
  readonly sizeBytes: number;
}

export type PartitionType = 'efi' | 'msr' | 'bios-boot' | 'linux' | 'windows' | 'recovery';

export interface PartitionTable {
  readonly style: 'gpt' | 'mbr' | 'none';
  readonly partitions: readonly {
    readonly device: string;
    readonly number: number;
    readonly name: string;
    readonly type: PartitionType | string;
    readonly startBytes: number;
    readonly sizeBytes: number;
    readonly uuid: string;
  }[];
}

export interface VolumeFacts {
  /** Device now, `/dev/sda2`. */
  readonly device: string;
  /** Device of the disk it lies on. */
  readonly disk: string;
  readonly partitionNumber: number;
  readonly partitionUuid: string;
  readonly sizeBytes: number;
  /** `ext4`, `vfat`, `ntfs`, …; empty when there is none. */
  readonly fileSystem: string;
  readonly label: string;
  readonly uuid: string;
}

export interface ApplyImageRequest {
  readonly file: string;
  readonly index: number;
  readonly volume: string;
  readonly onProgress?: (fraction: number, text: string) => void;
  readonly signal?: AbortSignal;
}

export interface CompareImageRequest {
  readonly file: string;
  readonly index: number;
  readonly volume: string;
  readonly seed: string;
  readonly sampleSize: number;
  /** Top-level entries on the volume that do not belong to the image. */
  readonly ignore: readonly string[];
  /** What the volume holds beside the image is no difference. */
  readonly mayHoldMore?: boolean;
}

export interface ImageComparison {
  readonly expected: { readonly files: number; readonly bytes: number };
  readonly found: { readonly files: number; readonly bytes: number };
  readonly sampled: number;
  /** Paths that are missing, extra or differ; empty when equal. */
  readonly differences: readonly string[];
}

export interface FoundFile {
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'link' | 'other';
  readonly sizeBytes: number;
}

export interface CaptureImageRequest {
  readonly volume: string;
  /** The WIM; made when there is none. */
  readonly file: string;
  readonly name: string;
  readonly description: string;
  /** More properties of the image, `CREATOR`, `DISPLAYNAME`. */
  readonly properties: Readonly<Record<string, string>>;
  readonly compression: 'none' | 'fast' | 'maximum' | 'recovery';
  /** What stays out: `/tmp/*`; a name without a slash counts everywhere. */
  readonly exclude: readonly string[];
  /** How long the place the file is written to may be silent before the attempt is given up. */
  readonly patienceSeconds: number;
  readonly onProgress?: (fraction: number, text: string) => void;
  readonly signal?: AbortSignal;
}

export interface VerifyImageRequest {
  readonly file: string;
  readonly onProgress?: (fraction: number, text: string) => void;
  readonly signal?: AbortSignal;
}

export interface CapturedImage {
  readonly index: number;
  readonly name: string;
  readonly files: number;
  readonly bytes: number;
}

export interface NetworkFolder {
  readonly protocol: 'smb' | 'nfs';
  readonly server: string;
  /** The protocol's own when absent. */
  readonly port?: number;
  /** Share and folders in it, or exported path; begins with a slash. */
  readonly path: string;
  /** `name`, `DOMAIN\\name` or `name@domain`; a guest when absent. */
  readonly account?: string;
  readonly password?: string;
}

export interface UploadRequest {
  readonly file: string;
  readonly url: string;
  readonly token: string;
  /** Certificates in PEM whose servers are believed. */
  readonly authorities: string;
  readonly onProgress?: (fraction: number, text: string) => void;
  readonly signal?: AbortSignal;
}

export interface CommandRequest {
  /** A program with arguments, or one command line for the machine's shell. */
  readonly command: readonly string[] | string;
  readonly directory?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Runs inside this root (chroot with /dev, /proc, /sys) instead of the machine's own. */
  readonly root?: string;
  readonly input?: string;
  /**
   * Secrets the command may read: each as a file of this name (0600) in a folder in memory, named by the environment
   * variable `BOOTWRIGHT_SECRETS` and gone when the command ends.
   */
  readonly secrets?: Readonly<Record<string, string>>;
  readonly timeoutSeconds?: number;
  readonly signal?: AbortSignal;
  readonly onOutput?: (line: string) => void;
  /** Only asks something of the machine. A model has nothing to run: it answers with what was left there, else with 1. */
  readonly question?: boolean;
  /** What is there afterwards if the command does its work. A model makes it so; everybody else has to look. */
  readonly leaves?: readonly LeftBehind[];
}

export type LeftBehind =
  | { readonly file: string; readonly text: string }
  | { readonly answer: string; readonly code: number };

export interface CommandResult {
  readonly code: number;
  readonly timedOut: boolean;
  /** Standard output and error, interleaved; the last 64 KiB. */
  readonly output: string;
}
