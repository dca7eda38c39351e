import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stateVariable } from '../../src/engine/state.ts';
import type { SimulatedMachine } from '../../src/machine/simulated/machine.ts';
import { silentProgress } from '../../src/model/progress.ts';
import type { Step } from '../../src/model/sequence.ts';
import { obtainDebianImage } from '../../src/prove/debian-image.ts';
import { findStepType, stepTypes } from '../../src/steps/index.ts';
import { run, step, type TestRun } from '../engine/harness.ts';
import { type Bench, openBench, sh } from '../machine/linux/fixtures.ts';

let bench: Bench;
let disk: string;
let result: TestRun;
let root: string;

/** Kernels without FAT (small virtual machines) do the BIOS half; the UEFI half is proven by booting. */
const hasFat = /\bvfat$/m.test(sh('sh', '-c', 'modprobe vfat 2>/dev/null; cat /proc/filesystems'));

beforeAll(async () => {
  const image = await obtainDebianImage(silentProgress);
  bench = openBench();
  disk = bench.disk(3000);
  const agent = join(bench.folder, 'agent');
  mkdirSync(agent);
  writeFileSync(join(agent, 'agent.mjs'), 'console.log("agent", process.argv.slice(2).join());\n');
  const make = (name: string, settings: Step['settings'] = {}): Step => {
    const type = findStepType(name)!;
    return step(name, { type: type.type, settings, environments: type.environments });
  };
  result = await run(
    [
      make('format-and-partition-disk', {
        partitions: [
          { type: 'bios-boot', size: '1 MB' },
          ...(hasFat ? [{ type: 'efi', size: '300 MB', label: 'EFI' }] : []),
          { type: 'linux', label: 'root' },
        ],
      }),
      make('apply-operating-system-image', { image: 'debian' }),
      make('set-up-linux', { hostname: 'real-01.example.org' }),
      make('set-up-linux', { hostname: 'real-02' }),
    ],
    {
      types: stepTypes,
      machine: bench.machine as unknown as SimulatedMachine,
      run: { id: 'run', mediumId: 'medium', agent: { node: process.execPath, program: agent } },
      content: async (id) => ({ id, kind: 'os-image', name: id, file: '', size: 1, sha256: '', path: image.file }),
    },
  );
  if (result.outcome.state === 'completed')
    root = await bench.machine.mount(stateVariable(result.outcome.saved, 'OSDTargetSystemDrive')!);
});
afterAll(() => bench.close());

const inside = async (...command: string[]): Promise<string> => {
  const { code, output } = await bench.machine.command({ command, root });
  if (code !== 0) throw new Error(output);
  return output.trim();
};

it('completes, and a second time too', () => {
  expect(result.outcome).toMatchObject({ state: 'completed' });
});

it('fstab names the volumes that blkid sees', () => {
  const device = sh('findmnt', '--noheadings', '--output', 'SOURCE', root).trim();
  const uuid = sh('blkid', '-p', '-s', 'UUID', '-o', 'value', device).trim();
  expect(sh('findmnt', '--verify', '--tab-file', join(root, 'etc/fstab'))).not.toContain('[E]');
  expect(readFileSync(join(root, 'etc/fstab'), 'utf8')).toContain(`UUID=${uuid} / ext4`);
});

it('has a name, and no identity of the image', async () => {
  expect(await inside('cat', '/etc/hostname', '/etc/machine-id')).toBe('real-02');
  expect(await inside('sh', '-c', 'grep 127.0.1.1 /etc/hosts')).toBe('127.0.1.1\treal-02');
});

it("GRUB's own checker reads the menu; the boot code is what grub-install made", async () => {
  await inside('grub-script-check', '/boot/grub/grub.cfg');
  expect(await inside('grep', '-c', 'console=tty0 console=ttyS0,115200n8', '/boot/grub/grub.cfg')).not.toBe('0');
  // By device name it would start here, and not on the next machine.
  const roots = (await inside('sh', '-c', 'grep -ho "root=[^ ]*" /boot/grub/grub.cfg | grep -v hd | sort -u')).split(
    '\n',
  );
  expect(roots).toEqual([expect.stringMatching(/^root=UUID=[0-9a-f-]{36}$/)]);
  const ours = readFileSync(join(root, 'usr/lib/grub/i386-pc/boot.img'));
  const written = await bench.machine.readDisk(disk, 0, 512);
  // Behind the places grub-install fills in: where the core lies, which drive, whether to check it.
  expect(Buffer.compare(ours.subarray(0x70, 0x1b0), Buffer.from(written.subarray(0x70, 0x1b0)))).toBe(0);
});

it('systemd will start the agent, whose Node starts', async () => {
  expect(await inside('systemctl', 'is-enabled', 'bootwright-agent.service')).toBe('enabled');
  await inside('systemd-analyze', 'verify', '--man=no', 'bootwright-agent.service');
  expect(await inside('/_SMSTaskSequence/agent/node', '/_SMSTaskSequence/agent/program/agent.mjs', 'deployed')).toBe(
    'agent deployed',
  );
});

it('the EFI partition holds the signed chain at both places', async ({ skip }) => {
  skip(!hasFat, 'this kernel has no vfat; the UEFI boots of the matrix start from such a partition');
  const esp = await bench.machine.mount(`${disk}p2`);
  for (const [from, to] of [
    ['usr/lib/shim/shimx64.efi.signed', 'EFI/BOOT/BOOTX64.EFI'],
    ['usr/lib/shim/shimx64.efi.signed', 'EFI/debian/shimx64.efi'],
    ['usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed', 'EFI/BOOT/grubx64.efi'],
  ])
    expect(sh('cmp', join(root, from!), join(esp, to!))).toBe('');
});

it('leaves nothing mounted, and a clean file system', async () => {
  await bench.machine.close();
  expect(sh('cat', '/proc/self/mounts')).not.toContain(bench.folder);
  const number = hasFat ? 3 : 2;
  expect(sh('e2fsck', '-f', '-n', `${disk}p${number}`)).toMatch(/\d+ files/);
});
