import { copyFile, exists, mkdir, readText, withScratch } from '../host/files.ts';
import { run } from '../host/process.ts';
import { BootwrightError } from '../model/error.ts';
import type { AgentContext } from './context.ts';
import { logNames } from './paths.ts';

/** Copies the logs to a stick and returns the sentence for the screen, whether it worked or not. */
export async function saveLogsAndTell(context: AgentContext): Promise<string> {
  const { terminal, record } = context;
  terminal.show({ id: 'saving', title: 'Saving the logs …', tone: 'normal', blocks: [], keys: [] });
  await record.flush();
  try {
    const saved = await saveLogs(context);
    context.emit({ type: 'agent.phase', name: 'logs-saved', text: saved });
    return `The logs were saved: ${saved}. The stick can be removed now.`;
  } catch (error) {
    const fix = error instanceof BootwrightError ? ` ${error.fix}` : '';
    return `${error instanceof Error ? error.message : String(error)}${fix}`;
  }
}

/** A file system on something that can be carried away. */
export interface Stick {
  readonly device: string;
  readonly fileSystem: string;
  readonly label: string;
}

const writable = new Set(['vfat', 'exfat', 'ext4', 'ext3', 'ext2']);

/**
 * Copies the logs into `bootwright-logs-<date>` on the first stick that takes them; the stick the medium was copied to
 * will do. @throws BW-AGENT-007
 */
async function saveLogs({ clock, paths }: AgentContext): Promise<string> {
  const folder = `bootwright-logs-${clock.now().toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-')}`;
  const { stdout } = await run('lsblk', ['--json', '--bytes', '--output', 'PATH,FSTYPE,LABEL,RM,HOTPLUG,TRAN,TYPE']);
  const reasons: string[] = [];
  for (const stick of findSticks(stdout)) {
    try {
      await writeTo(stick, folder, paths.logs, paths.medium);
      return `${stick.device}${stick.label === '' ? '' : ` "${stick.label}"`}, folder ${folder}`;
    } catch (error) {
      reasons.push(`${stick.device}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const why = reasons.length === 0 ? 'No stick with a file system that can be written was found.' : reasons.join(' ');
  throw new BootwrightError('BW-AGENT-007', `The logs were not saved. ${why}`);
}

/** Volumes on removable or USB devices in `lsblk --json`, file systems that can be written only. */
export function findSticks(listing: string): Stick[] {
  interface Device {
    readonly path: string;
    readonly fstype: string | null;
    readonly label: string | null;
    readonly rm: boolean;
    readonly hotplug: boolean;
    readonly tran: string | null;
    readonly children?: readonly Device[];
  }
  const found: Stick[] = [];
  const visit = (device: Device, portable: boolean): void => {
    const isPortable = portable || device.rm || device.hotplug || device.tran === 'usb';
    if (isPortable && device.fstype !== null && writable.has(device.fstype))
      found.push({ device: device.path, fileSystem: device.fstype, label: device.label ?? '' });
    for (const child of device.children ?? []) visit(child, isPortable);
  };
  const { blockdevices } = JSON.parse(listing) as { blockdevices: readonly Device[] };
  for (const device of blockdevices) visit(device, false);
  return found;
}

async function writeTo({ device, fileSystem }: Stick, folder: string, logs: string, medium: string): Promise<void> {
  const mounted = (await readText('/proc/mounts')).split('\n').map((line) => line.split(' '));
  const isMedium = mounted.some(([source, place]) => source === device && place === medium);
  if (isMedium) {
    // A device has one superblock: the medium's stick can only be written by making its mount writable for a moment.
    await run('mount', ['-o', 'remount,rw', medium]);
    try {
      await copyLogs(logs, `${medium}/${folder}`);
      await run('sync', []);
    } finally {
      await run('mount', ['-o', 'remount,ro', medium]);
    }
    return;
  }
  await withScratch(async (place) => {
    await run('mount', ['-t', fileSystem, device, place]);
    try {
      await copyLogs(logs, `${place}/${folder}`);
    } finally {
      await run('umount', [place]);
    }
  }, '/run/bootwright');
}

async function copyLogs(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const name of logNames) if (await exists(`${from}/${name}`)) await copyFile(`${from}/${name}`, `${to}/${name}`);
}
