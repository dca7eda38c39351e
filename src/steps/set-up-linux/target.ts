import { BootwrightError } from '../../model/error.ts';
import type { CommandResult, Machine, MachineFacts, VolumeFacts } from '../../model/machine.ts';
import type { StepContext } from '../../model/step.ts';

/** The applied system while it is being set up. Paths are the system's own, `/etc/fstab`. */
export interface LinuxTarget {
  readonly machine: Machine;
  readonly context: StepContext;
  readonly facts: MachineFacts;
  /** Folder where its root is mounted. */
  readonly root: string;
  readonly volume: VolumeFacts;
  /** EFI system partition on the same disk. */
  readonly esp?: VolumeFacts;
  /** A BIOS boot partition on the same disk: first and last byte, exclusive. */
  readonly biosBoot?: { readonly startBytes: number; readonly endBytes: number };
  readonly distribution: string;
}

/** Finds out what was applied and what the disk offers. @throws BW-STEP-011, BW-DISK-009 */
export async function openTarget(machine: Machine, volume: string, context: StepContext): Promise<LinuxTarget> {
  const root = await machine.mount(volume);
  const facts = await machine.volume(volume);
  const distribution = await detectDistribution(machine, root);
  const { partitions } = await machine.partitionTable(facts.disk);
  const esp = partitions.find(({ type }) => type === 'efi');
  const bios = partitions.find(({ type }) => type === 'bios-boot');
  return {
    machine,
    context,
    facts: await machine.facts(),
    root,
    volume: facts,
    distribution,
    ...(esp === undefined ? {} : { esp: await machine.volume(esp.device) }),
    ...(bios === undefined
      ? {}
      : { biosBoot: { startBytes: bios.startBytes, endBytes: bios.startBytes + bios.sizeBytes } }),
  };
}

export async function readText(
  target: Pick<LinuxTarget, 'machine' | 'root'>,
  path: string,
): Promise<string | undefined> {
  const bytes = await target.machine.readFile(`${target.root}${path}`);
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
}

export async function write(target: LinuxTarget, path: string, text: string, mode = 0o644): Promise<void> {
  await target.machine.writeFile(`${target.root}${path}`, text, mode);
}

export async function has(target: LinuxTarget, path: string): Promise<boolean> {
  const slash = path.lastIndexOf('/');
  return (await target.machine.list(`${target.root}${path.slice(0, slash)}`)).includes(path.slice(slash + 1));
}

/** The first of several places where distributions keep a program. */
export async function findProgram(target: LinuxTarget, name: string): Promise<string | undefined> {
  for (const folder of ['/usr/sbin', '/usr/bin', '/sbin', '/bin'])
    if (await has(target, `${folder}/${name}`)) return `${folder}/${name}`;
  return undefined;
}

/** Runs a program inside the applied system. @throws BW-STEP-019 */
export async function runInside(target: LinuxTarget, command: readonly string[]): Promise<CommandResult> {
  const { machine, context, root } = target;
  const result = await machine.command({ command, root, signal: context.signal });
  if (result.code !== 0) {
    const tail = result.output.trim().split('\n').slice(-5).join(' | ');
    throw new BootwrightError('BW-STEP-019', `"${command.join(' ')}" ended with code ${result.code}: ${tail}`);
  }
  return result;
}

async function detectDistribution(machine: Machine, root: string): Promise<string> {
  // /etc/os-release is a link, absolute in some images, which would lead out of the volume.
  const text =
    (await readText({ machine, root }, '/usr/lib/os-release')) ??
    (await readText({ machine, root }, '/etc/os-release'));
  if (text === undefined)
    throw new BootwrightError('BW-STEP-011', 'The volume holds no Linux system: there is no os-release file.');
  const values = new Map(
    text.split('\n').map((line) => {
      const [name = '', ...value] = line.split('=');
      return [
        name.trim(),
        value
          .join('=')
          .trim()
          .replace(/^["']|["']$/g, ''),
      ];
    }),
  );
  const family = [values.get('ID') ?? '', ...(values.get('ID_LIKE') ?? '').split(/\s+/)];
  const name = values.get('PRETTY_NAME') ?? values.get('ID') ?? 'unknown';
  if (!family.includes('debian'))
    throw new BootwrightError('BW-STEP-011', `The volume holds ${name}, which this step cannot make bootable.`);
  return name;
}
