import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeEvent, parseEventLine } from '../../src/prove/guest-event.ts';

describe('the event port', () => {
  it('finds the event behind what firmware writes to every serial port', () => {
    const line = '\u001B[2J\u001B[01;01H\u001B[=3h{"type":"boot.mark","name":"initramfs"}';
    expect(parseEventLine(line)).toEqual({ type: 'boot.mark', name: 'initramfs' });
  });

  it('overlooks everything else, whatever it is', () => {
    expect(parseEventLine('BdsDxe: starting Boot0001 "UEFI QEMU DVD-ROM"')).toBeUndefined();
    expect(parseEventLine('{"type":"boot.ma')).toBeUndefined();
    expect(parseEventLine('{"name":"no type"}')).toBeUndefined();
    fc.assert(
      fc.property(fc.string(), (line) => {
        parseEventLine(line);
      }),
    );
  });

  it('reads every event as it was written', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (name, text) => {
        const event = { type: 'agent.phase', name, text, at: '', uptime: 1 };
        expect(parseEventLine(JSON.stringify(event))).toEqual(event);
      }),
    );
  });

  it('tells a person what matters', () => {
    const event = { type: 'step.started', index: 2, total: 5, name: 'Apply', path: '', step: '' } as const;
    expect(describeEvent({ at: '', uptime: 0, ...event })).toBe('step 2 of 5: Apply');
    expect(
      describeEvent({ at: '', uptime: 0, type: 'step.progress', path: '', fraction: 0.5, text: '' }),
    ).toBeUndefined();
  });
});
