import type { CommandRequest, CommandResult } from '../../model/machine.ts';
import type { SimulatedFiles, SimulatedPartition } from './model.ts';

/** The applied system a command runs in. */
export interface CommandPlace {
  /** Absolute paths inside it. */
  readonly files: SimulatedFiles;
  readonly partition?: SimulatedPartition;
  /** Makes the first sector of the disk start GRUB. */
  installBootCode(disk: string): void;
}

const everyDriver = 'ahci virtio_blk virtio_scsi nvme mmc_block usb_storage uas megaraid_sas'
  .split(' ')
  .map((name) => `kernel/drivers/${name}.ko`);

/** What the programs a step relies on would have done. Anything else succeeds without effect. */
export function simulateCommand(request: CommandRequest, place: CommandPlace): CommandResult {
  const words = typeof request.command === 'string' ? request.command.split(' ') : [...request.command];
  const program = words.map((word) => word.split('/').at(-1) ?? '').find((name) => name in effects);
  const output = program === undefined ? '' : (effects[program]?.(words, place) ?? '');
  return { code: 0, timedOut: false, output };
}

const effects: Readonly<Record<string, (words: readonly string[], place: CommandPlace) => string>> = {
  lsinitramfs: () => `${everyDriver.join('\n')}\n`,
  'grub-mkconfig'(words, { files, partition }) {
    const kernels = Object.keys(files).filter((path) => path.startsWith('/boot/vmlinuz-'));
    const lines = kernels.map((path) => `linux ${path} root=UUID=${partition?.volumeUuid ?? ''} ro`);
    files[words[words.indexOf('-o') + 1] ?? ''] = { mode: '600', text: `${lines.join('\n')}\n` };
    return '';
  },
  'grub-install'(words, { installBootCode }) {
    installBootCode(words.at(-1) ?? '');
    return '';
  },
  'ssh-keygen'(_, { files }) {
    files['/etc/ssh/ssh_host_ed25519_key'] = { mode: '600', text: 'made on this machine\n' };
    return '';
  },
  node: () => 'v24.0.0\n',
};
