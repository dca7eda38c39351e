import { execFileSync } from 'node:child_process';
import { closeSync, copyFileSync, openSync, readSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withIso } from '../../src/build/iso/reader.ts';
import { keepableFolder } from '../../src/host/keepable-folder.ts';
import { type BenchMachine, powerOn } from '../../src/prove/bench.ts';
import { describeMachine } from '../../src/prove/machine.ts';
import { bootwright, labFolder, openLab, say } from './lab.ts';
import { ProcessWatch } from './process-watch.ts';

/** Seconds in which an emulated machine gets from power-on to the initramfs, with room to spare. */
const patience = 150;
const password = 'tundra pickle 7 orbit';
let folder: string;
let iso: string;
let machine: string;
let running: BenchMachine | undefined;

/** The same machine each time: what was enrolled stays enrolled. */
async function start(medium: string): Promise<BenchMachine> {
  await running?.guest.kill();
  running = await powerOn(describeMachine(medium, 'usb-uefi-secureboot'), machine);
  return running;
}

/** What the boot environment said of itself until then. */
async function marksWithin(bench: BenchMachine, seconds: number, wanted: string): Promise<string[]> {
  const marks = () => bench.heard.all.flatMap(({ event }) => (event.type === 'boot.mark' ? [event.name] : []));
  for (let waited = 0; waited < seconds && !marks().includes(wanted); waited += 1) await sleep(1000);
  return marks();
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
  await expect.poll(() => bench.guest.consoleText(), { timeout: patience * 1000 }).toContain('Verification failed');
  await sleep(3000);
  await press('ret');
  // From here it waits ten seconds for any key.
  await sleep(2000);
  await press('ret', 'down', 'ret', 'ret', 'down', 'down', 'ret', 'down', 'ret', 'down', 'ret', 'ret');
}

async function changed(name: string, change: (file: number, offsets: { uki: number[]; root: number }) => void) {
  const copy = join(folder, `${name}.iso`);
  copyFileSync(iso, copy);
  const offsets = await withIso(iso, async (image) => {
    const extent = (path: string) => image.file(path)!.extents[0]!;
    const needle = Buffer.from('bw.root=');
    const uki: number[] = [];
    for (const path of ['boot/grub/efi.img', 'EFI/BOOT/grubx64.efi']) {
      const bytes = Buffer.from(await image.bytes(image.file(path)!));
      uki.push(extent(path).offset + bytes.indexOf(needle));
    }
    return { uki, root: extent('boot/root.squashfs').offset };
  });
  const file = openSync(copy, 'r+');
  change(file, offsets);
  closeSync(file);
  return copy;
}

function flip(file: number, offset: number): void {
  const byte = Buffer.alloc(1);
  readSync(file, byte, 0, 1, offset);
  byte[0]! ^= 1;
  writeSync(file, byte, 0, 1, offset);
}

const changes: readonly (readonly [
  what: string,
  change: (file: number, at: { uki: number[]; root: number }) => void,
])[] = [
  // The command line ends as GRUB’s does; `debug` is as long as `quiet`.
  [
    'command line',
    (file, { uki }) => {
      for (const at of uki) {
        const text = Buffer.alloc(300);
        readSync(file, text, 0, text.length, at);
        writeSync(file, Buffer.from('debug'), 0, 5, at + text.indexOf('quiet'));
      }
    },
  ],
  // The archive begins two alignments behind the command line.
  [
    'initramfs',
    (file, { uki }) => {
      for (const at of uki) flip(file, at + (1 << 20));
    },
  ],
];

describe('a locked medium', () => {
  beforeAll(async () => {
    const lab = await openLab();
    folder = join(labFolder, 'locked');
    rmSync(folder, { recursive: true, force: true });
    const watch = new ProcessWatch([password]);
    execFileSync('mkdir', ['-p', folder]);
    const [key, certificate] = [join(folder, 'sb.key'), join(folder, 'sb.pem')];
    const subject = ['-subj', '/CN=Example Site Secure Boot/', '-days', '3650'];
    execFileSync(
      'openssl',
      ['req', '-new', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject, '-keyout', key, '-out', certificate],
      { stdio: 'ignore' },
    );
    const signing = ['--secure-boot-key', key, '--secure-boot-certificate', certificate];
    await bootwright(['boot-image', 'build', 'locked', '--site', lab.site, ...signing], watch);
    iso = join(folder, 'locked.iso');
    const passwordFile = join(folder, 'password');
    writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
    const medium = ['--site', lab.site, '--sequence', 'small', '--boot-image', 'locked', '--output', iso];
    await bootwright(['media', 'create', 'standalone', ...medium, '--password-file', passwordFile], watch);
    machine = await keepableFolder('boot-test');
  });
  afterAll(async () => {
    await running?.guest.kill();
    for (const place of [folder, machine]) rmSync(place, { recursive: true, force: true });
  });

  it('does not start before the key is enrolled, and does afterwards', async () => {
    await enrol(await start(iso));
    const bench = await start(iso);
    expect(await marksWithin(bench, patience, 'agent')).toEqual(
      expect.arrayContaining(['initramfs', 'medium', 'agent']),
    );
    await bench.follow({
      judge: (event) => (event.type === 'prompt.shown' && event.prompt === 'confirm' ? 'reached' : 'go on'),
      answer: async (prompt, guest) => {
        if (prompt.prompt === 'password') await guest.type(`${password}\n`, 'us');
      },
    });
    say(`locked: ${bench.guest.seconds().toFixed(0)} s to the agent`);
  });

  it.each(changes)('does not start with another %s', async (what, change) => {
    const bench = await start(await changed(what.replace(' ', '-'), change));
    expect(await marksWithin(bench, patience, 'initramfs')).toEqual([]);
  });

  it('does not start with another root', async () => {
    // The time a squashfs was made: nothing but its hash depends on it.
    const bench = await start(await changed('root', (file, { root }) => flip(file, root + 8)));
    expect(await marksWithin(bench, patience, 'root-damaged')).toEqual(['initramfs', 'medium', 'root-damaged']);
  });
});
