import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LinuxMachine } from '../../../src/machine/linux/machine.ts';

/** Runs a foreign program and returns its output. */
export function sh(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

export interface Bench {
  readonly folder: string;
  readonly machine: LinuxMachine;
  /** A new loop device of this size. */
  disk(sizeMiB: number, sectorSize?: 512 | 4096): string;
  /** Another machine object on the same devices, e.g. one that knows a boot medium. */
  other(options?: { sources?: string[]; runFolder?: string }): LinuxMachine;
  close(): Promise<void>;
}

/** A folder, real loop devices and a machine that knows no other disks. */
export function openBench(): Bench {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const loops: string[] = [];
  const runFolder = join(folder, 'run');
  mkdirSync(runFolder);
  const create = (options: { sources?: string[]; runFolder?: string } = {}): LinuxMachine =>
    new LinuxMachine({ environment: 'boot', runFolder, sources: [], onlyDisks: loops, ...options });
  const machine = create();
  return {
    folder,
    machine,
    disk(sizeMiB, sectorSize = 512) {
      const file = join(folder, `disk${loops.length}.img`);
      writeFileSync(file, '');
      truncateSync(file, sizeMiB * 2 ** 20);
      const device = sh('losetup', '--find', '--show', '--partscan', '--sector-size', String(sectorSize), file).trim();
      loops.push(device);
      return device;
    },
    other: create,
    async close() {
      await machine.close();
      for (const device of loops) sh('losetup', '--detach', device);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A tree with everything that is hard to carry over. */
export function makeOddTree(folder: string): void {
  mkdirSync(join(folder, 'usr/lib/deep/er'), { recursive: true });
  mkdirSync(join(folder, 'odd names'));
  mkdirSync(join(folder, 'tmp'), { mode: 0o1777 });
  sh('chmod', '1777', join(folder, 'tmp'));
  mkdirSync(join(folder, 'empty'));
  const file = (name: string, data: string | Buffer): void => writeFileSync(join(folder, name), data);
  file('usr/lib/first', 'first\n');
  sh('ln', join(folder, 'usr/lib/first'), join(folder, 'usr/lib/hard'));
  sh('ln', '-s', 'first', join(folder, 'usr/lib/relative'));
  sh('ln', '-s', '/nowhere/at all', join(folder, 'usr/lib/dangling'));
  file('odd names/star*and?[x]', 'x');
  file('odd names/-dash', 'x');
  file('odd names/@at', 'x');
  file('odd names/"quotes"', 'x');
  file('odd names/line\nfeed', 'x');
  file('odd names/Ümläut 日本語', 'x');
  file('odd names/trailing dot.', 'x');
  file('odd names/back\\slash', 'x');
  sh('mknod', join(folder, 'usr/lib/null'), 'c', '1', '3');
  sh('mkfifo', join(folder, 'usr/lib/pipe'));
  sh('cp', '/bin/true', join(folder, 'usr/lib/capable'));
  sh('setcap', 'cap_net_raw+ep', join(folder, 'usr/lib/capable'));
  file('usr/lib/setuid', 'x');
  sh('chown', '12:34', join(folder, 'usr/lib/setuid'));
  sh('chmod', '4750', join(folder, 'usr/lib/setuid'));
  file('usr/lib/none', '');
  sh('truncate', '-s', '5M', join(folder, 'usr/lib/sparse'));
  file('usr/lib/large', Buffer.alloc(9 * 2 ** 20, 'large '));
  for (let index = 0; index < 60; index++) file(`usr/lib/deep/er/file${index}`, `content ${index}\n`.repeat(index + 1));
}

export function capture(folder: string, wim: string): void {
  sh('wimlib-imagex', 'capture', folder, wim, 'Test', '--unix-data', '--compress=fast');
}
