import { BootwrightError } from '../../model/error.ts';
import type { Kernel } from './initramfs.ts';
import { findProgram, has, type LinuxTarget, readText, runInside, write } from './target.ts';

export interface GrubSettings {
  readonly kernelParameters: string;
  /** `ttyS0,115200n8`, or `none`. */
  readonly serialConsole: string;
}

/**
 * The boot menu. By the image's own `update-grub` where there is one, so that kernel updates keep working; else a
 * plain one of ours.
 */
export async function writeBootMenu(
  target: LinuxTarget,
  kernels: readonly Kernel[],
  settings: GrubSettings,
): Promise<void> {
  const parameters = kernelParameters(settings);
  const generator = await findProgram(target, 'grub-mkconfig');
  const previous = `${target.root}/boot/grub/grub.cfg`;
  await target.machine.remove(previous);
  if (generator === undefined) {
    await write(target, '/boot/grub/grub.cfg', plainMenu(target.volume.uuid, kernels, parameters, settings));
    return;
  }
  await write(target, '/etc/default/grub.d/bootwright.cfg', grubDefaults(parameters, settings));
  await withUuidLink(target, () => runInside(target, [generator, '-o', '/boot/grub/grub.cfg']));
}

/**
 * grub-mkconfig writes `root=UUID=` only where this link exists, and the boot environment has no udev to make it.
 * Without it the menu would name /dev/sda2, which may be another disk at the next start.
 */
async function withUuidLink({ machine, volume }: LinuxTarget, use: () => Promise<unknown>): Promise<void> {
  const path = `/dev/disk/by-uuid/${volume.uuid}`;
  const isMissing = (await machine.readLink(path)) === undefined;
  if (isMissing) await machine.link(volume.device, path);
  try {
    await use();
  } finally {
    if (isMissing) await machine.remove(path);
  }
}

/** @throws BW-STEP-018 */
export async function verifyBootMenu(target: LinuxTarget, kernels: readonly Kernel[]): Promise<void> {
  const menu = (await readText(target, '/boot/grub/grub.cfg')) ?? '';
  const newest = kernels[0]?.image ?? '';
  const lines = menu.split('\n').filter((line) => /^\s*linux\S*\s/.test(line) && line.includes(`${newest} `));
  if (lines.length === 0)
    throw new BootwrightError('BW-STEP-018', `/boot/grub/grub.cfg was written, but does not start ${newest}.`);
  const root = `root=UUID=${target.volume.uuid}`;
  if (!lines.every((line) => line.split(/\s+/).includes(root)))
    throw new BootwrightError('BW-STEP-018', `/boot/grub/grub.cfg was written, but does not find its root by ${root}.`);
}

/** BIOS: GRUB's core goes into the BIOS boot partition. Returns whether it did. @throws BW-STEP-010 */
export async function installForBios(target: LinuxTarget): Promise<boolean> {
  const isNeeded = target.facts.firmware === 'bios';
  const program = await findProgram(target, 'grub-install');
  const hasModules = await has(target, '/usr/lib/grub/i386-pc/modinfo.sh');
  const lacks = [
    ...(target.biosBoot === undefined ? ['a partition of type bios-boot on the disk'] : []),
    ...(program === undefined ? ['the package grub2-common in the image'] : []),
    ...(hasModules ? [] : ['the package grub-pc-bin in the image']),
  ];
  if (program === undefined || lacks.length > 0) {
    if (!isNeeded) return false;
    throw new BootwrightError(
      'BW-STEP-010',
      `This machine starts by BIOS, and ${lacks.join(' and ')} ${lacks.length > 1 ? 'are' : 'is'} missing.`,
    );
  }
  try {
    await runInside(target, [program, '--target=i386-pc', '--boot-directory=/boot', '--recheck', target.volume.disk]);
  } catch (error) {
    if (isNeeded || !(error instanceof BootwrightError)) throw error;
    // E.g. on 4Kn disks, which no BIOS can start from either.
    target.context.log(
      'warning',
      `The disk will not start by BIOS, which this UEFI machine does not need: ${error.message}`,
    );
    return false;
  }
  return true;
}

/** Reads the boot code back: GRUB's first sector has to point into the BIOS boot partition. @throws BW-STEP-018 */
export async function verifyBios(target: LinuxTarget): Promise<void> {
  const { machine, volume, biosBoot } = target;
  const sector = await machine.readDisk(volume.disk, 0, 512);
  // boot.img of GRUB 2: 64-bit sector number of core.img at 0x5c, its name in the message at 0x180.
  const view = new DataView(sector.buffer, sector.byteOffset, sector.byteLength);
  const core = Number(view.getBigUint64(0x5c, true)) * 512;
  const isGrub = new TextDecoder('latin1').decode(sector.subarray(0x170, 0x1b8)).includes('GRUB');
  const pointsThere = biosBoot !== undefined && core >= biosBoot.startBytes && core < biosBoot.endBytes;
  if (!isGrub || !pointsThere)
    throw new BootwrightError(
      'BW-STEP-018',
      `${volume.disk} does not start GRUB: its first sector ${isGrub ? 'points elsewhere' : 'holds no GRUB'}.`,
    );
}

export function kernelParameters({ kernelParameters: own, serialConsole }: GrubSettings): string {
  // The last console is where init writes; the first serial one is where a technician or a proof listens.
  const consoles = serialConsole === 'none' ? [] : ['console=tty0', `console=${serialConsole}`];
  return [own, ...consoles].filter((part) => part !== '').join(' ');
}

function serialCommand(serialConsole: string): string | undefined {
  const match = /^ttyS(\d+)(?:,(\d+))?/.exec(serialConsole);
  return match === null ? undefined : `serial --unit=${match[1]} --speed=${match[2] ?? 115200}`;
}

function grubDefaults(parameters: string, { serialConsole }: GrubSettings): string {
  const serial = serialCommand(serialConsole);
  return [
    '# Written when this machine was deployed.',
    'GRUB_TIMEOUT=2',
    `GRUB_CMDLINE_LINUX="${parameters.replaceAll(/["\\$`]/g, '\\$&')}"`,
    'GRUB_DISABLE_OS_PROBER=true',
    ...(serial === undefined ? [] : ['GRUB_TERMINAL="console serial"', `GRUB_SERIAL_COMMAND="${serial}"`]),
    '',
  ].join('\n');
}

/** As grub-mkconfig writes it: an entry named in the environment block is started once. */
const startOnce: readonly string[] = [
  'if [ -s $prefix/grubenv ]; then load_env; fi',
  'if [ "$next_entry" ]; then',
  '  set default="$next_entry"',
  '  set next_entry=',
  '  save_env next_entry',
  'fi',
];

const ownEntries: readonly string[] = ['if [ -f $prefix/custom.cfg ]; then source $prefix/custom.cfg; fi'];

function plainMenu(
  uuid: string,
  kernels: readonly Kernel[],
  parameters: string,
  { serialConsole }: GrubSettings,
): string {
  const serial = serialCommand(serialConsole);
  const terminals =
    serial === undefined ? [] : [serial, 'terminal_input console serial', 'terminal_output console serial'];
  const entries = kernels.map(({ version, image, initramfs }) =>
    [
      `menuentry 'Linux ${version}' {`,
      `  linux ${image} root=UUID=${uuid} ro ${parameters}`,
      `  initrd ${initramfs}`,
      '}',
    ].join('\n'),
  );
  return `${['set default=0', 'set timeout=2', ...startOnce, ...terminals, `search --no-floppy --fs-uuid --set=root ${uuid}`, ...entries, ...ownEntries].join('\n')}\n`;
}
