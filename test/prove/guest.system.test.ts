import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startsKernel } from '../../src/prove/acceleration.ts';
import { findFirmware } from '../../src/prove/firmware.ts';
import { GuestEvents, type Script } from '../../src/prove/follow.ts';
import { type Guest, startGuest } from '../../src/prove/guest.ts';
import { describeMachine } from '../../src/prove/machine.ts';

/**
 * A real guest of one boot sector: writes one event to the second serial port, then every byte of the keyboard as
 * hexadecimal digits to the first.
 *
 *   cli; xor ax,ax; mov ds,ax; mov si,msg; 1: lodsb; test al,al; jz 2; mov dx,0x2f8; out dx,al; jmp 1
 *   2: in al,0x64; test al,1; jz 2; in al,0x60; print al as two digits and a blank to 0x3f8; jmp 2
 */
const bootSector = Buffer.from(
  'fa31c08ed8be3c7cac84c07406baf802eeebf5e464a80174fae46088c3baf803c0e804e80c0088d8240fe80500b020eeebe104303c3a72020427eec3' +
    Buffer.from('{"type":"boot.mark","name":"trial"}\n\0').toString('hex'),
  'hex',
);

let folder = '';
let guest: Guest | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bootwright-test-'));
});
afterEach(async () => {
  await guest?.kill();
  rmSync(folder, { recursive: true, force: true });
});

async function start(heard: GuestEvents): Promise<Guest> {
  const medium = Buffer.alloc(1 << 20);
  bootSector.copy(medium);
  medium.set([0x55, 0xaa], 510);
  writeFileSync(join(folder, 'medium.img'), medium);
  guest = await startGuest(
    describeMachine(join(folder, 'medium.img'), 'usb-bios', {
      target: { kind: 'ahci', sizeBytes: 1 << 20, serial: 'T' },
    }),
    {
      folder: join(folder, 'machine'),
      firmware: await findFirmware('bios'),
      acceleration: { kind: 'tcg', reason: 'a test' },
    },
    heard.listen,
  );
  return guest;
}

const limits = { firmware: 60, 'boot environment': 60, agent: 60, restart: 60 };

describe('a guest', () => {
  it('starts from the medium, is heard, types, and is gone after the plug was pulled', {
    timeout: 90_000,
  }, async () => {
    const heard = new GuestEvents();
    const machine = await start(heard);
    const script: Script = { judge: () => 'reached', answer: async () => {} };
    const first = await heard.follow(machine, script, { limits, totalSeconds: 60 });
    expect(first.event).toEqual({ type: 'boot.mark', name: 'trial' });

    await machine.type('yZ', 'de');
    // Scan code set 1 with break codes: on a German keyboard y is where others have z (2c), Z is Shift (2a) and 15.
    await expect.poll(() => machine.consoleText(), { timeout: 10_000 }).toMatch(/2c ac 2a 15 95 aa $/);

    await machine.screenshot(join(folder, 'screen.png'));
    expect(readFileSync(join(folder, 'screen.png')).subarray(1, 4).toString()).toBe('PNG');

    await machine.kill();
    expect(await machine.ended).toMatch(/interrupted/);
    await expect(heard.follow(machine, script, { limits, totalSeconds: 5 })).rejects.toMatchObject({
      code: 'BW-PROVE-007',
    });
  });

  it('says what is wrong when QEMU does not start', async () => {
    const machine = describeMachine(join(folder, 'absent.img'), 'cd-bios');
    await expect(
      startGuest(
        machine,
        { folder: join(folder, 'm'), firmware: await findFirmware('bios'), acceleration: { kind: 'tcg', reason: '' } },
        new GuestEvents().listen,
      ),
    ).rejects.toMatchObject({ code: 'BW-PROVE-007', message: expect.stringMatching(/absent\.img/) });
  });

  it('is not tried with KVM when the trial cannot even start', async () => {
    expect(await startsKernel('tcg', Buffer.from('no kernel'), 5)).toBe(false);
  });
});
