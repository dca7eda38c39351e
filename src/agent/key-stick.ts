import { exists, readText, sizeOf } from '../host/files.ts';
import { run } from '../host/process.ts';
import { BootwrightError } from '../model/error.ts';
import { mediumName } from '../model/medium-name.ts';
import type { AgentContext } from './context.ts';
import { withMounted } from './mounted.ts';

/** How a file system is looked at without changing it. */
const options: Readonly<Record<string, readonly [type: string, options: string]>> = {
  vfat: ['vfat', 'ro,nosuid,nodev'],
  exfat: ['exfat', 'ro,nosuid,nodev'],
  ntfs: ['ntfs3', 'ro,nosuid,nodev'],
  ext4: ['ext4', 'ro,noload,nosuid,nodev'],
};
const largest = 1024;

interface Device {
  readonly path: string;
  readonly fstype: string | null;
  readonly rm: boolean;
  readonly hotplug: boolean;
}

/** Looks on every stick for the key of this medium, in a file with the medium's name, and opens with it. */
export function keyStick<Opened>(
  { emit, mask }: AgentContext,
  mediumId: string,
  open: (key: string) => Promise<Opened>,
): () => Promise<Opened | undefined> {
  return async () => {
    const name = `${mediumName(mediumId)}.key`;
    for (const { path, fstype } of await portable()) {
      const way = options[fstype ?? ''];
      if (way === undefined) continue;
      const key = await withMounted(path, ...way, (folder) => readKey(`${folder}/${name}`)).catch(() => undefined);
      if (key === undefined) continue;
      mask.add(key);
      try {
        const opened = await open(key);
        emit({ type: 'log', severity: 'info', component: 'Agent', text: `The key on ${path} opens the medium.` });
        return opened;
      } catch (error) {
        if (!(error instanceof BootwrightError) || !/^BW-TRUST-00[23]$/.test(error.code)) throw error;
        const text = `The key on ${path} does not open the medium.`;
        emit({ type: 'log', severity: 'warning', component: 'Agent', text });
      }
    }
    return undefined;
  };
}

async function readKey(path: string): Promise<string | undefined> {
  if (!(await exists(path)) || (await sizeOf(path)) > largest) return undefined;
  const text = (await readText(path)).split('\n').find((line) => line.startsWith('bootwright-key:'));
  return text?.trim();
}

/** Volumes that can be taken out, with and without a partition table. */
async function portable(): Promise<Device[]> {
  const found = await run('lsblk', ['--json', '--list', '--output', 'PATH,FSTYPE,RM,HOTPLUG']).catch(() => undefined);
  if (found === undefined) return [];
  const { blockdevices } = JSON.parse(found.stdout) as { blockdevices: readonly Device[] };
  const devices = blockdevices.filter(({ rm, hotplug }) => rm || hotplug);
  return Promise.all(
    devices.map(async (device) => {
      // lsblk knows file systems from udev, which is not there.
      const { stdout } = await run('blkid', ['--probe', '--match-tag', 'TYPE', '--output', 'value', device.path], {
        accept: [2, 4, 8],
      });
      return { ...device, fstype: stdout.trim() };
    }),
  );
}
