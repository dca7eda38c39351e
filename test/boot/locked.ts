import { closeSync, copyFileSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { withIso } from '../../src/build/iso/reader.ts';
import type { BenchMachine } from '../../src/prove/bench.ts';
import type { Lab } from './lab.ts';
import { type TestMachine, workUntil } from './machines.ts';
import { onMachine, type Start } from './scenarios.ts';

/** What shim says of a program that nobody it knows signed. */
const refused = 'Verification failed';

/**
 * One machine from its first start with a locked medium to the enrolled key; then the same medium changed in three ways,
 * none of which may start. Firmware variables stay: what was enrolled stays enrolled.
 */
export function lockedLevel(start: Start): (lab: Lab, id: string) => Promise<void> {
  return async (lab, id) => {
    const { iso } = await lab.medium(start.medium);
    const changed = join(lab.folder, `${id}.changed.iso`);
    const { uki, root } = await placesIn(iso);
    const changes: Readonly<Record<string, (file: number) => void>> = {
      // The command line ends as GRUB's does; `debug` is as long as `quiet`.
      'command line': (file) => {
        for (const at of uki) {
          const text = Buffer.alloc(300);
          readSync(file, text, 0, text.length, at);
          writeSync(file, Buffer.from('debug'), 0, 5, at + text.indexOf('quiet'));
        }
      },
      // The archive begins two alignments behind the command line.
      initramfs: (file) => {
        for (const at of uki) flip(file, at + (1 << 20));
      },
    };
    await onMachine(lab, id, start, async (machine) => {
      await enrol(await machine.start());
      await startsLocked(id, machine);
      for (const change of Object.values(changes)) {
        copyChanged(iso, changed, change);
        const bench = await machine.start(changed);
        await shows(bench, refused);
        // Time enough for what was refused to start nevertheless.
        await sleep(20_000);
        expect(marksOf(bench)).toEqual([]);
      }
      // The time a squashfs was made: nothing but its hash depends on it.
      copyChanged(iso, changed, (file) => flip(file, root + 8));
      const bench = await machine.start(changed);
      await expect.poll(() => marksOf(bench), { timeout: patience }).toContain('root-damaged');
      expect(marksOf(bench)).toEqual(['initramfs', 'medium', 'root-damaged']);
    });
    rmSync(changed);
  };
}

/** Milliseconds in which an emulated machine gets from power-on to the initramfs, with room to spare. */
const patience = 240_000;

async function startsLocked(id: string, machine: TestMachine): Promise<void> {
  const bench = await machine.start();
  await workUntil(id, bench, machine.medium, (event) => event.type === 'prompt.shown' && event.prompt === 'confirm');
  expect(marksOf(bench)).toEqual(expect.arrayContaining(['initramfs', 'medium', 'agent']));
}

/** What the boot environment has said of itself. */
function marksOf({ heard }: BenchMachine): string[] {
  return heard.all.flatMap(({ event }) => (event.type === 'boot.mark' ? [event.name] : []));
}

async function shows(bench: BenchMachine, text: string): Promise<void> {
  await expect.poll(() => bench.guest.consoleText(), { timeout: patience, interval: 500 }).toContain(text);
}

/**
 * MokManager from shim's refusal to the restart, as docs/secure-boot.md shows it: OK, any key, Enroll key from disk, the
 * volume, ENROL.CER, Continue, Yes, Reboot.
 */
async function enrol(bench: BenchMachine): Promise<void> {
  const press = async (...keys: string[]): Promise<void> => {
    for (const key of keys) {
      await bench.guest.press({ hold: [], keys: [key] });
      await sleep(2500);
    }
  };
  await shows(bench, refused);
  await sleep(3000);
  await press('ret');
  // From here it waits ten seconds for any key.
  await sleep(2000);
  await press('ret', 'down', 'ret', 'ret', 'down', 'down', 'ret', 'down', 'ret', 'down', 'ret', 'ret');
}

/** Where the medium's signed programs have their command line, and where its root lies. */
async function placesIn(iso: string): Promise<{ readonly uki: readonly number[]; readonly root: number }> {
  return withIso(iso, async (image) => {
    const extent = (path: string) => image.file(path)!.extents[0]!;
    const uki: number[] = [];
    for (const path of ['boot/grub/efi.img', 'EFI/BOOT/grubx64.efi']) {
      const bytes = Buffer.from(await image.bytes(image.file(path)!));
      const at = bytes.indexOf('bw.root=');
      if (at < 0) throw new Error(`${path} holds no locked command line`);
      uki.push(extent(path).offset + at);
    }
    return { uki, root: extent('boot/root.squashfs').offset };
  });
}

function copyChanged(from: string, to: string, change: (file: number) => void): void {
  copyFileSync(from, to);
  const file = openSync(to, 'r+');
  change(file);
  closeSync(file);
}

function flip(file: number, offset: number): void {
  const byte = Buffer.alloc(1);
  readSync(file, byte, 0, 1, offset);
  byte[0]! ^= 1;
  writeSync(file, byte, 0, 1, offset);
}
