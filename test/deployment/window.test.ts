import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeWindow, isOpen, nextOpening } from '../../src/deployment/window.ts';
import { type MaintenanceWindow, weekdays } from '../../src/model/deployment.ts';

const zone = process.env['TZ'];
beforeAll(() => {
  process.env['TZ'] = 'Europe/Berlin';
});
afterAll(() => {
  if (zone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zone;
});

const saturdays: MaintenanceWindow = { days: ['saturday'], start: '22:00', minutes: 240 };
const utc = (text: string): Date => new Date(`${text}:00Z`);

describe('a maintenance window', () => {
  it.each([
    // 2027-01-30 is a Saturday; Berlin is an hour ahead of UTC.
    ['2027-01-30T20:59', false],
    ['2027-01-30T21:00', true],
    ['2027-01-31T00:59', true],
    ['2027-01-31T01:00', false],
    ['2027-01-29T21:30', false],
  ])('is open by the machine’s own clock, past midnight too: %s UTC %s', (now, open) => {
    expect(isOpen([saturdays], utc(now))).toBe(open);
  });

  it('that is missing lets everything begin at any time', () => {
    expect(isOpen([], new Date())).toBe(true);
    expect(nextOpening([], new Date())).toBeUndefined();
  });

  it('is as long as it says when the clock changes within it', () => {
    const night: MaintenanceWindow = { days: [], start: '01:30', minutes: 120 };
    // In the night of 2027-03-28 two o'clock becomes three: the end is at 04:30.
    expect(isOpen([night], utc('2027-03-28T02:29'))).toBe(true);
    expect(isOpen([night], utc('2027-03-28T02:30'))).toBe(false);
  });

  it('is open some day of the week, for its length, and begins when it was said to', () => {
    const window = fc.record({
      days: fc.uniqueArray(fc.constantFrom(...weekdays), { maxLength: 7 }),
      start: fc
        .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
        .map(([hour, minute]) => `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`),
      minutes: fc.integer({ min: 30, max: 1440 }),
    });
    fc.assert(
      fc.property(
        window,
        fc.date({ min: utc('2026-01-01T00:00'), max: utc('2030-01-01T00:00'), noInvalidDate: true }),
        (one, now) => {
          const next = nextOpening([one], now)!;
          expect(next.getTime()).toBeGreaterThan(now.getTime());
          expect(next.getTime() - now.getTime()).toBeLessThanOrEqual(8 * 86_400_000);
          expect(isOpen([one], next)).toBe(true);
          expect(isOpen([one], new Date(next.getTime() + one.minutes * 60_000 - 1))).toBe(true);
        },
      ),
    );
  });

  it('says what it is', () => {
    expect(describeWindow({ ...saturdays, days: ['saturday', 'sunday'] })).toBe('Saturday, Sunday 22:00 for 4 h');
    expect(describeWindow({ days: [], start: '01:00', minutes: 90 })).toBe('every day 01:00 for 90 min');
  });
});
