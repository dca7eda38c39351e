import { expect, it } from 'vitest';
import { magicPacket } from '../../src/formats/wake-on-lan.ts';

it('is what adapters look for: six bytes 0xFF, the address sixteen times, 102 bytes, nothing else', () => {
  // Written down from the description of AMD publication 20213, not made by a program.
  const captured =
    'ffffffffffff001122334455001122334455001122334455001122334455001122334455001122334455001122334455001122334455001122334455001122334455001122334455001122334455001122334455001122334455001122334455001122334455';
  expect(Buffer.from(magicPacket('00:11:22:33:44:55')).toString('hex')).toBe(captured);
  expect(() => magicPacket('00:11:22')).toThrow(RangeError);
});
