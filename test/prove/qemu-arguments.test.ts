import { describe, expect, it } from 'vitest';
import { describeMachine, diskKinds, presentationOf, profiles } from '../../src/prove/machine.ts';
import { type GuestFiles, qemuArguments } from '../../src/prove/qemu-arguments.ts';

const files: GuestFiles = {
  folder: '/m/one, two',
  targetDisk: '/m/target.img',
  firmware: { code: '/f/code.fd', variables: '/m/vars.fd' },
  acceleration: 'tcg',
};

describe('the machine', () => {
  const inserted = profiles.filter((profile) => presentationOf(profile) !== 'disk');
  const laid = profiles.filter((profile) => presentationOf(profile) === 'disk');

  it.each(laid)('%s has nothing inserted: the medium lies on the target', (profile) => {
    const args = qemuArguments(describeMachine('/x.wim', profile), files);
    expect(args.filter((arg) => arg.includes('bootindex='))).toEqual([expect.stringContaining('drive=target')]);
    expect(args.join(' ')).not.toContain('/x.wim');
  });

  it.each(inserted)('%s keeps the medium first in the boot order and the target behind it', (profile) => {
    for (const kind of diskKinds) {
      const args = qemuArguments(
        describeMachine('/x.iso', profile, { target: { kind, sizeBytes: 1, serial: 'T' } }),
        files,
      );
      const orders = args.filter((arg) => arg.includes('bootindex=')).map((arg) => /drive=(\w+).*/.exec(arg)?.[1]);
      expect(orders).toEqual(['medium', 'target']);
      expect(args.find((arg) => arg.includes('drive=medium'))).toContain('bootindex=0');
      expect(args.find((arg) => arg.includes('drive=target'))).toContain('bootindex=1');
    }
  });

  it.each(profiles)('%s has no network card, whose option ROM would boot first', (profile) => {
    const args = qemuArguments(describeMachine('/x.iso', profile), files);
    expect(args[args.indexOf('-nic') + 1]).toBe('none');
  });

  it.each(inserted)('%s never writes to the medium', (profile) => {
    const args = qemuArguments(describeMachine('/x.iso', profile), files);
    expect(args.find((arg) => arg.includes('id=medium'))).toMatch(/readonly=on|snapshot=on/);
  });

  it('doubles commas in paths, which separate options', () => {
    const args = qemuArguments(describeMachine('/a,b.iso', 'cd-uefi'), files);
    expect(args.find((arg) => arg.includes('id=medium'))).toContain('file=/a,,b.iso');
    expect(args.find((arg) => arg.includes('id=control'))).toContain('path=/m/one,, two/qmp.sock');
  });

  it('protects the Secure Boot variables by system management mode, and only then', () => {
    const secure = qemuArguments(describeMachine('/x.iso', 'usb-uefi-secureboot'), files);
    expect(secure).toContain('q35,smm=on');
    expect(secure).toContain('driver=cfi.pflash01,property=secure,value=on');
    expect(qemuArguments(describeMachine('/x.iso', 'usb-uefi'), files)).not.toContain('q35,smm=on');
  });

  it('names the event port to the guest by SMBIOS', () => {
    expect(qemuArguments(describeMachine('/x.iso', 'cd-bios'), files)).toContain(
      'type=11,value=bootwright.events=ttyS1',
    );
  });

  it('starts with the clock it is told', () => {
    const args = qemuArguments(describeMachine('/x.iso', 'cd-bios', { clock: '2019-01-01T00:00:00.000Z' }), files);
    expect(args).toContain('base=2019-01-01T00:00:00');
  });
});
