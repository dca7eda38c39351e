import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { stateVariable } from '../../src/engine/state.ts';
import { keepableFolder } from '../../src/host/keepable-folder.ts';
import type { SimulatedMachine } from '../../src/machine/simulated/machine.ts';
import { silentProgress } from '../../src/model/progress.ts';
import type { Step } from '../../src/model/sequence.ts';
import { powerOn } from '../../src/prove/bench.ts';
import { obtainDebianImage } from '../../src/prove/debian-image.ts';
import { describeMachine } from '../../src/prove/machine.ts';
import { scanForSecrets } from '../../src/prove/secret-scan.ts';
import { phaseLimits } from '../../src/prove/watch.ts';
import { findStepType, stepTypes } from '../../src/steps/index.ts';
import { run, step } from '../engine/harness.ts';
import { openBench } from '../machine/linux/fixtures.ts';
import { captured, expectOff, listening } from './capture-network.ts';
import type { Lab } from './lab.ts';
import type { Start } from './scenarios.ts';

/** What an administrator would type, on the serial line. */
const unit = `[Unit]
Description=Captures this machine from its medium
Conflicts=serial-getty@ttyS0.service
[Service]
Type=simple
StandardInput=tty
StandardOutput=tty
TTYPath=/dev/ttyS0
ExecStart=/bin/sh -c 'mkdir -p /media/capture; until mountpoint -q /media/capture; do sleep 1; for disk in /dev/sd?; do mount -o ro -t iso9660 $$disk /media/capture && break; done; done; sh /media/capture/capture.sh'
`;

/**
 * A Debian that runs is asked there, ends, and is captured from outside, without anybody at its firmware. The medium's
 * password is typed once and never reaches a disk.
 */
export function capturesFromRunningSystem(start: Start): (lab: Lab, id: string) => Promise<void> {
  return async (lab, id) => {
    const medium = await lab.medium(start.medium);
    const folder = await keepableFolder('boot-test');
    await makeRunningSystem(join(folder, 'target.img'));
    const images = join(folder, 'images.img');
    writeFileSync(images, '');
    truncateSync(images, 2 * 2 ** 30);
    execFileSync('mkfs.ext4', ['-q', '-F', '-L', 'IMAGES', images]);
    // The firmware starts the disk: what it would start first is empty.
    const nothing = join(folder, 'nothing.img');
    execFileSync('truncate', ['--size', '1M', nothing]);
    const description = describeMachine(nothing, start.profile, {
      target: { kind: start.disk, sizeBytes: 3000 * 2 ** 20, serial: 'TARGET01' },
      otherDisks: [
        { kind: 'ahci', file: images, serial: 'IMAGES01' },
        { kind: 'stick', file: medium.iso, serial: 'CAPTURE01' },
      ],
    });
    const bench = await powerOn(description, folder);
    try {
      const typed: Record<string, string> = { 'Where is the image to go?': 'LABEL=IMAGES/running.wim' };
      await bench.follow(
        {
          judge: captured,
          answer: (prompt, guest) =>
            guest.typeSerial(`${prompt.prompt === 'password' ? medium.password : (typed[prompt.text] ?? '')}\r`),
        },
        // The system says nothing before the service.
        { ...listening(id, undefined), limits: { ...phaseLimits[bench.acceleration.kind], firmware: 600 } },
      );
      await expectOff(bench);
    } finally {
      await bench.guest.kill();
    }
    const events = bench.heard.all.map(({ event }) => event);
    const left = events.findIndex(({ type }) => type === 'restart.requested');
    expect(left).toBeGreaterThan(0);
    expect(events.slice(left).filter(({ type }) => type === 'prompt.shown')).toEqual([]);
    expect(events.filter((event) => event.type === 'boot.mark' && event.name === 'initramfs')).toHaveLength(1);
    // Without the firmware.
    expect(bench.heard.resets).toBe(0);
    const wim = join(folder, 'running.wim');
    execFileSync('debugfs', ['-R', `dump /running.wim ${wim}`, images], { stdio: 'ignore' });
    const files = execFileSync('wimlib-imagex', ['dir', wim, '1'], { encoding: 'utf8' }).split('\n');
    expect(files).toEqual(expect.arrayContaining(['/etc/hostname', '/usr/bin/systemctl']));
    expect(files.filter((path) => /^\/(_SMSTaskSequence|run\/.|var\/log\/journal\/.)/.test(path))).toEqual([]);
    expect(await scanForSecrets([join(folder, 'target.img'), images, wim], [medium.password])).toEqual([]);
    rmSync(folder, { recursive: true, force: true });
  };
}

/** Deployed by our own steps on a loop device: a guest would need four minutes for it. Starts with BIOS. Needs root. */
async function makeRunningSystem(file: string): Promise<void> {
  const image = await obtainDebianImage(silentProgress);
  const bench = openBench();
  try {
    bench.disk(3000);
    const agent = join(bench.folder, 'agent');
    mkdirSync(agent);
    writeFileSync(join(agent, 'agent.mjs'), '');
    const make = (name: string, settings: Step['settings'] = {}): Step => {
      const type = findStepType(name)!;
      return step(name, { type: type.type, settings, environments: type.environments });
    };
    const { outcome } = await run(
      [
        make('format-and-partition-disk', {
          partitions: [
            { type: 'bios-boot', size: '1 MB' },
            { type: 'linux', label: 'root' },
          ],
        }),
        make('apply-operating-system-image', { image: 'debian' }),
        make('set-up-linux', { hostname: 'reference-01' }),
      ],
      {
        types: stepTypes,
        machine: bench.machine as unknown as SimulatedMachine,
        run: { id: 'run', mediumId: 'medium', agent: { node: process.execPath, program: agent } },
        content: async (id) => ({ id, kind: 'os-image', name: id, file: '', size: 1, sha256: '', path: image.file }),
      },
    );
    expect(outcome).toMatchObject({ state: 'completed' });
    const root = await bench.machine.mount(stateVariable(outcome.saved, 'OSDTargetSystemDrive')!);
    const units = join(root, 'etc/systemd/system');
    for (const name of ['bootwright-agent.service', 'multi-user.target.wants/bootwright-agent.service'])
      rmSync(join(units, name), { force: true });
    rmSync(join(root, '_SMSTaskSequence'), { recursive: true, force: true });
    writeFileSync(join(units, 'capture-now.service'), unit);
    symlinkSync('/etc/systemd/system/capture-now.service', join(units, 'multi-user.target.wants/capture-now.service'));
    await bench.machine.close();
    execFileSync('cp', ['--sparse=always', join(bench.folder, 'disk0.img'), file]);
  } finally {
    await bench.close();
  }
}
