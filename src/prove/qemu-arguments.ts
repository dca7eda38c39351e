import { processorModel } from './acceleration.ts';
import { type DiskKind, firmwareOf, type MachineDescription, presentationOf } from './machine.ts';
import { networkArguments } from './network.ts';

/** Where things lie on the host and how QEMU is to run: the other half of the command line. */
export interface GuestFiles {
  readonly folder: string;
  readonly targetDisk: string;
  /** Firmware code and the machine's own copy of the variable store; absent with BIOS. */
  readonly firmware?: { readonly code: string; readonly variables: string };
  readonly acceleration: 'kvm' | 'tcg';
  readonly tpmSocket?: string;
}

/** Names of the sockets and logs in the machine's folder. */
export const guestNames = {
  targetDisk: 'target.img',
  control: 'qmp.sock',
  console: 'console.sock',
  consoleLog: 'console.log',
  events: 'events.sock',
  eventsLog: 'events.log',
} as const;

/** The drive with the disc, or the stick. */
export const mediumDevice = 'started-from';

/** The port that `bootwright.events=` names in SMBIOS: the second serial port. */
export const eventPort = 'ttyS1';

/**
 * QEMU's arguments for a machine. It starts stopped (`-S`), so that nothing is missed: who starts it connects to the
 * sockets first. No secret is ever part of it.
 */
export function qemuArguments(machine: MachineDescription, files: GuestFiles): string[] {
  const secure = firmwareOf(machine.profile) === 'uefi-secureboot';
  return [
    '-S',
    '-nodefaults',
    '-no-user-config',
    ...['-name', 'bootwright-proof'],
    // Debian's Secure Boot build of OVMF keeps its variables in system management mode, which only q35 has.
    ...['-machine', `q35${secure ? ',smm=on' : ''}`],
    ...['-accel', files.acceleration === 'kvm' ? 'kvm' : 'tcg'],
    ...['-cpu', processorModel[files.acceleration]],
    // Emulated processors see each other's code changes late: about one start in thirty of Linux 6.12 died early in
    // `sched_clock_cpu` with "Oops: int3", a breakpoint the kernel sets and removes while it patches itself (QEMU 7.2).
    ...['-smp', String(files.acceleration === 'kvm' ? machine.processors : 1)],
    ...['-m', String(machine.memoryMiB)],
    ...['-rtc', machine.clock === undefined ? 'base=utc' : `base=${machine.clock.replace(/(\.\d+)?Z$/, '')}`],
    ...(files.firmware === undefined ? [] : firmwareArguments(files.firmware, secure)),
    ...(machine.network === undefined ? ['-nic', 'none'] : networkArguments(machine.network)),
    ...['-device', 'VGA'],
    ...['-display', machine.show ? 'gtk' : 'none'],
    // Four ports are the default.
    ...['-device', `qemu-xhci,id=usb${machine.otherDisks.some(({ kind }) => kind === 'stick') ? ',p2=8,p3=8' : ''}`],
    ...mediumArguments(machine),
    ...diskArguments('target', machine.target.kind, files.targetDisk, machine.target.serial, 1),
    ...machine.otherDisks.flatMap((disk, index) =>
      diskArguments(`other${index}`, disk.kind, disk.file, disk.serial, index + 2),
    ),
    ...serialPort('console', files.folder, guestNames.console, guestNames.consoleLog),
    ...serialPort('events', files.folder, guestNames.events, guestNames.eventsLog),
    ...['-chardev', `socket,id=control,path=${quoted(`${files.folder}/${guestNames.control}`)},server=on,wait=off`],
    ...['-mon', 'chardev=control,mode=control'],
    ...identityArguments(machine),
    ...(files.tpmSocket === undefined ? [] : tpmArguments(files.tpmSocket)),
  ];
}

function firmwareArguments(firmware: NonNullable<GuestFiles['firmware']>, secure: boolean): string[] {
  return [
    ...(secure ? ['-global', 'driver=cfi.pflash01,property=secure,value=on'] : []),
    ...['-drive', `if=pflash,unit=0,format=raw,readonly=on,file=${quoted(firmware.code)}`],
    ...['-drive', `if=pflash,unit=1,format=raw,file=${quoted(firmware.variables)}`],
  ];
}

function mediumArguments(machine: MachineDescription): string[] {
  if (presentationOf(machine.profile) === 'disk') return [];
  const file = quoted(machine.medium);
  if (presentationOf(machine.profile) === 'cd') {
    return [
      ...['-drive', `if=none,id=medium,format=raw,media=cdrom,readonly=on,file=${file}`],
      ...['-device', `ide-cd,id=${mediumDevice},drive=medium,bus=ide.0,bootindex=0`],
    ];
  }
  // A real stick can be written to; what is written must not change the file that is being proven.
  return [
    ...['-drive', `if=none,id=medium,format=raw,snapshot=on,file=${file}`],
    ...['-device', `usb-storage,id=${mediumDevice},bus=usb.0,drive=medium,removable=on,bootindex=0`],
  ];
}

function diskArguments(
  id: string,
  kind: DiskKind | 'stick',
  file: string,
  serial: string,
  bootIndex: number,
): string[] {
  const drive = ['-drive', `if=none,id=${id},format=raw,cache=writeback,discard=unmap,file=${quoted(file)}`];
  const common = `drive=${id},serial=${serial},bootindex=${bootIndex}`;
  switch (kind) {
    case 'virtio':
      return [...drive, '-device', `virtio-blk-pci,${common}`];
    case 'ahci':
      // One disk per port; port 0 belongs to the optical drive.
      return [...drive, '-device', `ide-hd,bus=ide.${bootIndex},${common}`];
    case 'nvme':
      return [...drive, '-device', `nvme,${common}`];
    case 'stick':
      return [...drive, '-device', `usb-storage,bus=usb.0,removable=on,drive=${id},serial=${serial}`];
    case '4kn':
      return [...drive, '-device', `nvme,logical_block_size=4096,physical_block_size=4096,${common}`];
  }
}

/** A serial port that can be typed into, and whose every byte is also logged. */
function serialPort(id: string, folder: string, socket: string, log: string): string[] {
  const paths = `path=${quoted(`${folder}/${socket}`)},logfile=${quoted(`${folder}/${log}`)}`;
  return [
    ...['-chardev', `socket,id=${id},server=on,wait=off,logappend=on,${paths}`],
    ...['-device', `isa-serial,chardev=${id}`],
  ];
}

function identityArguments({ identity, network }: MachineDescription): string[] {
  const system = [
    `manufacturer=${quoted(identity.manufacturer)}`,
    `product=${quoted(identity.product)}`,
    `serial=${quoted(identity.serial)}`,
  ];
  const hosts = (network?.services ?? []).flatMap(({ name, address }) =>
    name === undefined ? [] : [`bootwright.host=${name}=${address}`],
  );
  const told = [`bootwright.events=${eventPort}`, ...hosts].map((text) => `,value=${quoted(text)}`);
  return ['-smbios', `type=1,${system.join(',')}`, '-smbios', `type=11${told.join('')}`];
}

function tpmArguments(socket: string): string[] {
  return [
    ...['-chardev', `socket,id=tpm,path=${quoted(socket)}`],
    ...['-tpmdev', 'emulator,id=tpm0,chardev=tpm'],
    ...['-device', 'tpm-crb,tpmdev=tpm0'],
  ];
}

/** QEMU's option parser splits at commas; a doubled comma is a comma. */
function quoted(value: string): string {
  return value.replaceAll(',', ',,');
}
