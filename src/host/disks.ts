import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A disk of this machine as the kernel describes it; read from sysfs, so that it works without udev too. */
export interface Disk {
  readonly path: string;
  readonly vendor: string;
  readonly model: string;
  /** Empty when it has none. */
  readonly serial: string;
  readonly size: number;
  /** Bytes of a logical sector. */
  readonly sectorSize: number;
  /** `portable`: a stick, a card, a drive on USB. */
  readonly kind: 'portable' | 'loop' | 'fixed';
  readonly readOnly: boolean;
  /** What uses it or one of its partitions: folders it is mounted on, swap, volumes built on it. */
  readonly uses: readonly string[];
}

const noDisks = /^(ram|zram|sr|fd|dm-|md|nbd|mtdblock)/;

/** All disks that have a medium in them, sorted by path. `root` is another root folder in tests. */
export async function listDisks(root = '/'): Promise<Disk[]> {
  const names = (await readdir(join(root, 'sys/block')).catch(() => [])).filter((name) => !noDisks.test(name));
  const found = await Promise.all(names.map((name) => describe(root, name)));
  return found.filter((disk) => disk.size > 0).sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function describe(root: string, name: string): Promise<Disk> {
  const place = join(root, 'sys/block', name);
  const text = async (file: string): Promise<string> =>
    (await readFile(join(place, file), 'utf8').catch(() => '')).trim();
  const usb = await usbDevice(place);
  const ofUsb = async (file: string): Promise<string> =>
    usb === undefined ? '' : (await readFile(join(usb, file), 'utf8').catch(() => '')).trim();
  const isCard = (await text('device/type')) === 'SD';
  const portable = usb !== undefined || isCard || (await text('removable')) === '1';
  return {
    path: `/dev/${name.replaceAll('!', '/')}`,
    vendor: (await text('device/vendor')) || (await ofUsb('manufacturer')),
    model: (await text('device/model')) || (await text('device/name')) || (await ofUsb('product')),
    serial: (await ofUsb('serial')) || (await text('device/serial')) || (await text('serial')),
    // Counted in 512 bytes whatever the device's own sectors are.
    size: Number((await text('size')) || 0) * 512,
    sectorSize: Number((await text('queue/logical_block_size')) || 512),
    kind: name.startsWith('loop') ? 'loop' : portable ? 'portable' : 'fixed',
    readOnly: (await text('ro')) === '1',
    uses: await usesOf(root, name, place),
  };
}

/** The folder of the USB device a disk hangs on: the first above it that has a vendor number. */
async function usbDevice(place: string): Promise<string | undefined> {
  let folder = await realpath(place);
  for (let height = 0; height < 12 && folder.length > 1; height += 1, folder = dirname(folder))
    if ((await stat(join(folder, 'idVendor')).catch(() => undefined)) !== undefined) return folder;
  return undefined;
}

async function usesOf(root: string, name: string, place: string): Promise<string[]> {
  const inside = await readdir(place);
  const parts = inside.filter((each) => each.startsWith(name));
  const numbers = new Set<string>();
  const uses: string[] = [];
  for (const folder of [place, ...parts.map((part) => join(place, part))]) {
    numbers.add((await readFile(join(folder, 'dev'), 'utf8').catch(() => '')).trim());
    const holders = await readdir(join(folder, 'holders')).catch(() => []);
    uses.push(...holders.map((holder) => `volume ${holder}`));
  }
  const paths = new Set([name, ...parts].map((part) => `/dev/${part}`));
  const mounts = await readFile(join(root, 'proc/self/mountinfo'), 'utf8').catch(() => '');
  for (const line of mounts.split('\n')) {
    const fields = line.split(' ');
    const source = line.split(' - ')[1]?.split(' ')[1] ?? '';
    if (numbers.has(fields[2] ?? '?') || paths.has(source)) uses.push(unescaped(fields[4] ?? ''));
  }
  const swaps = await readFile(join(root, 'proc/swaps'), 'utf8').catch(() => '');
  for (const line of swaps.split('\n')) if (paths.has(line.split(/\s/)[0] ?? '')) uses.push('swap');
  return [...new Set(uses)];
}

/** The kernel writes blanks as `\040`. */
function unescaped(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
