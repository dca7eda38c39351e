import { mkdir, open, readdir, readText } from '../host/files.ts';
import { isMountPoint } from '../host/mount-point.ts';
import { run } from '../host/process.ts';

/** Where discs are looked for. */
export interface VolumeDrives {
  /** Devices with an ISO 9660 file system on them now, whole disks and partitions alike. */
  list(): Promise<readonly string[]>;
  /** Whether what lies on it has to be taken out for something else. */
  isOptical(device: string): boolean;
  mount(device: string, folder: string): Promise<void>;
  /** Also unlocks an optical drive's tray. */
  unmount(folder: string): Promise<void>;
}

const never = /^(loop|ram|zram|fd|dm-|md)/;

/** This machine's. */
export const machineDrives: VolumeDrives = {
  async list() {
    const found: string[] = [];
    for (const name of (await readdir('/sys/class/block')).sort()) {
      const device = `/dev/${name}`;
      if (!never.test(name) && (await holdsIso(device))) found.push(device);
    }
    return found;
  },
  isOptical: (device) => /^\/dev\/sr\d+$/.test(device),
  async mount(device, folder) {
    await mkdir(folder, { recursive: true });
    await run('mount', ['-t', 'iso9660', '-o', 'ro,nosuid,nodev', device, folder]);
  },
  async unmount(folder) {
    if (await isMountPoint(folder)) await run('umount', [folder]);
  },
};

/** An empty or closing drive cannot be opened, and that is an answer. */
async function holdsIso(device: string): Promise<boolean> {
  try {
    const file = await open(device, 'r');
    try {
      const magic = Buffer.alloc(5);
      await file.read(magic, 0, 5, 32769);
      return magic.toString('latin1') === 'CD001';
    } finally {
      await file.close();
    }
  } catch {
    return false;
  }
}

/** The device the medium was started from; empty when it is not known. */
export async function startDevice(source: string): Promise<string> {
  const [device = ''] = (await readText(source).catch(() => '')).split('\n');
  return device;
}
