import { execFileSync } from 'node:child_process';
import { existsSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { keepableFolder } from '../../src/host/keepable-folder.ts';
import { type BenchMachine, powerOn } from '../../src/prove/bench.ts';
import type { Verdict } from '../../src/prove/follow.ts';
import { describeMachine } from '../../src/prove/machine.ts';
import { usualScript } from '../../src/prove/script.ts';
import { bootwright, type Lab, type Medium } from './lab.ts';
import { expectDeployed, tell, withMachine, work } from './machines.ts';
import { ProcessWatch } from './process-watch.ts';
import type { Start } from './scenarios.ts';

const imagesBytes = 2 * 2 ** 30;

/**
 * A machine is deployed by a stand-alone medium, captured by a capture medium to a second disk, and the image is
 * deployed by another stand-alone medium to a machine with other hardware and other firmware.
 */
export function capturesAndDeploysAgain(start: Start): (lab: Lab, id: string) => Promise<void> {
  return async (lab, id) => {
    const folder = await keepableFolder('boot-test');
    const watch = new ProcessWatch([...lab.secrets]);
    const images = join(folder, 'images.img');
    const disks = {
      target: { kind: start.disk, sizeBytes: 6 * 2 ** 30, serial: 'TARGET01' },
      otherDisks: [{ kind: 'ahci', file: images, serial: 'IMAGES01' }],
    } as const;
    writeFileSync(images, '');
    truncateSync(images, imagesBytes);
    // No partition table: as many sticks are made.
    execFileSync('mkfs.ext4', ['-q', '-F', '-L', 'IMAGES', images]);

    const standalone = await lab.medium(start.medium);
    const reference = { folder, medium: standalone, profile: start.profile } as const;
    const deployed = await powerOn(describeMachine(standalone.iso, start.profile, disks), folder);
    await work(id, deployed, standalone, 'deployed');
    await expectDeployed(machineOf(reference, deployed), deployed, start.profile);

    const capture = await captureMedium(lab, watch);
    const bench = await powerOn(describeMachine(capture.iso, start.profile, disks), folder);
    await bench.follow({ judge: untilFinished(), answer: personOf(capture) }, tell(id));
    // Nobody presses a key: the machine turns itself off.
    await Promise.race([bench.guest.ended, new Promise((_, reject) => setTimeout(reject, 120_000, 'still on'))]);
    expect(asked(bench)).toEqual(['What is in it?', 'Which version is it?']);

    const wim = join(lab.folder, 'captured.wim');
    execFileSync('debugfs', ['-R', `dump /lab.wim ${wim}`, images], { stdio: 'ignore' });
    expect(execFileSync('wimlib-imagex', ['info', wim], { encoding: 'utf8' })).toMatch(/Name: +Lab machine\n/);
    rmSync(folder, { recursive: true, force: true });

    const again = join(lab.folder, 'captured.iso');
    rmSync(again, { force: true });
    await bootwright(
      [
        ...['media', 'create', 'standalone', '--image', wim, '--output', again, '--variable', 'OSDComputerName=lab-03'],
        ...['--boot-image', bootImage(lab), '--password-file', capture.passwordFile],
      ],
      watch,
    );
    const medium: Medium = { ...capture, iso: again };
    await withMachine(id, medium, { profile: 'usb-uefi-secureboot', disk: 'nvme' }, async (machine) => {
      const second = await machine.start();
      await work(id, second, medium, 'deployed');
      const root = await expectDeployed(machine, second, 'usb-uefi-secureboot');
      expect((await root.read('/etc/hostname'))?.trim()).toBe('lab-03');
      // Left by the first deployment, whose own traces are gone.
      expect((await root.read('/var/lib/lab/name'))?.trim()).toBe('lab-02');
      expect(await root.list('/_SMSTaskSequence')).toBeUndefined();
    });
    rmSync(again, { force: true });
  };
}

function bootImage(lab: Lab): string {
  return join(lab.folder, 'site-us', 'boot-images', 'default');
}

async function captureMedium(lab: Lab, watch: ProcessWatch): Promise<Medium> {
  const iso = join(lab.folder, 'capture.iso');
  const passwordFile = join(lab.folder, 'capture.password');
  const password = 'correct horse';
  if (!existsSync(iso)) {
    writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
    await bootwright(
      [
        ...['media', 'create', 'capture', '--site', lab.site, '--output', iso, '--password-file', passwordFile],
        ...['--destination', 'LABEL=IMAGES/lab.wim', '--image-name', 'Lab machine'],
        // An emulated processor needs a quarter of an hour for the best compression.
        ...['--variable', 'OSDImageCompression=fast', '--boot-image', bootImage(lab)],
      ],
      watch,
    );
  }
  return { iso, password, passwordFile, keyboard: 'us', site: lab.site };
}

function machineOf(
  { folder, medium }: { folder: string; medium: Medium },
  bench: BenchMachine,
): Parameters<typeof expectDeployed>[0] {
  return {
    folder,
    medium,
    start: async () => bench,
    stop: async (shutDown = false) => {
      if (shutDown) expect(await bench.guest.powerDown(240_000)).toBe(true);
      await bench.guest.kill();
    },
  };
}

/** What is only said by a capture: it is over while the machine is still in the boot environment. */
function untilFinished(): Parameters<BenchMachine['follow']>[0]['judge'] {
  const usual = usualScript({ expect: 'deployed', password: '', layout: 'us', console: 'screen' });
  return (event): Verdict =>
    event.type === 'agent.phase' && event.name === 'finished' ? 'reached' : usual.judge(event);
}

function personOf({ password, keyboard }: Medium): Parameters<BenchMachine['follow']>[0]['answer'] {
  return usualScript({ expect: 'deployed', password, layout: keyboard, console: 'screen' }).answer;
}

function asked({ heard }: BenchMachine): string[] {
  return heard.all.flatMap(({ event }) =>
    event.type === 'prompt.shown' && event.prompt === 'input' ? [event.text] : [],
  );
}
