import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type PlacedDisk, placedDisks } from '../../src/staging/bays.ts';

export const mebibyte = 1024 * 1024;

export function tool(program: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` },
  });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
  return stdout.trim();
}

/** Bytes that nothing compresses, the same each time. */
export function noise(size: number, seed: number): Buffer {
  const bytes = Buffer.alloc(size);
  let state = seed >>> 0 || 1;
  for (let at = 0; at + 4 <= size; at += 4) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes.writeUInt32LE(state >>> 0, at);
  }
  return bytes;
}

export interface LoopDisk {
  readonly path: string;
  readonly file: string;
  serial: string;
  /** Pulled out: nobody lists it any more. */
  present: boolean;
  /** Grows with each insertion. */
  insertions: number;
}

/** Loop devices with serials, and a folder for everything beside them. */
export class BenchOfDisks {
  readonly folder: string;

  // In memory: every disk is flushed often, and what is tested is not the disk of this machine.
  constructor(folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'staging-'))) {
    this.folder = folder;
  }

  readonly disks: LoopDisk[] = [];

  add(serial: string, size: number, folder = this.folder): LoopDisk {
    const file = join(folder, `disk-${this.disks.length}-${serial}`);
    writeFileSync(file, '');
    truncateSync(file, size);
    const path = tool('losetup', '--find', '--show', file);
    const disk = { path, file, serial, present: true, insertions: 0 };
    this.disks.push(disk);
    return disk;
  }

  detach(disk: LoopDisk): void {
    spawnSync('losetup', ['--detach', disk.path]);
    this.disks.splice(this.disks.indexOf(disk), 1);
  }

  /** A file of bays `B0`, `B1`… for these disks. */
  bays(...disks: readonly LoopDisk[]): string {
    const file = join(this.folder, `bays-${disks.map(({ path }) => basename(path)).join('-')}.yaml`);
    writeFileSync(file, `bays:\n${disks.map(({ path }, index) => `  B${index}: ${path}\n`).join('')}`);
    return file;
  }

  /** What the machine lists, with the serials that loop devices have not. */
  readonly list = async (): Promise<PlacedDisk[]> =>
    (await placedDisks()).flatMap((disk) => {
      const ours = this.disks.find(({ path }) => path === disk.path);
      if (ours === undefined) return disk.kind === 'loop' ? [] : [disk];
      if (!ours.present) return [];
      return [{ ...disk, serial: ours.serial, model: 'Loop', insertion: `${disk.insertion}.${ours.insertions}` }];
    });

  remove(): void {
    for (const disk of [...this.disks]) this.detach(disk);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export const wimContent = {
  system: {
    'EFI/BOOT/BOOTX64.EFI': noise(90_000, 1),
    'boot/grub/disk/boot.img': noise(512, 2),
    'boot/grub/disk/core.img': noise(60_000, 3),
    'bootwright/medium.json': Buffer.from('{"format":"bootwright-medium/1","id":"0123456789abcdef0123456789abcdef"}\n'),
  },
  data: {
    'bootwright/policy.json': Buffer.from('{"policy":true}\n'),
    'bootwright/content/image/os.wim': noise(9_000_000, 4),
    'bootwright/content/tools/Größe.txt': Buffer.from('long name\n'),
  },
} as const;

/** A prestaged WIM by the contract of docs/staging.md, made with wimlib. */
export function makePrestagedWim(folder: string): string {
  const wim = join(folder, 'factory.wim');
  for (const [image, files] of Object.entries(wimContent)) {
    const tree = join(folder, `tree-${image}`);
    for (const [path, bytes] of Object.entries(files)) {
      mkdirSync(join(tree, path, '..'), { recursive: true });
      writeFileSync(join(tree, path), bytes);
    }
    tool(
      'wimlib-imagex',
      image === 'system' ? 'capture' : 'append',
      tree,
      wim,
      image,
      ...(image === 'system' ? ['--compress=none'] : []),
    );
  }
  return wim;
}
