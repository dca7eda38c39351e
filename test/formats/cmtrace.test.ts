import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatLogRecord, parseLog } from '../../src/formats/cmtrace.ts';

describe('CMTrace', () => {
  it('writes the line the viewer knows', () => {
    const at = new Date('2026-03-01T05:06:07.089Z');
    expect(
      formatLogRecord({
        text: 'Hello',
        component: 'engine',
        at,
        severity: 'warning',
        thread: 7,
        source: 'run.ts:1',
        biasMinutes: 420,
      }),
    ).toBe(
      '<![LOG[Hello]LOG]!><time="22:06:07.089+420" date="02-28-2026" component="engine" context="" type="2" thread="7" file="run.ts:1">',
    );
  });

  it('reads back what it wrote, one record for each', () => {
    const record = fc.record({
      text: fc.string({ unit: fc.constantFrom('a', ']', 'L', 'O', 'G', '!', '>', '<', '[', '\n', '"', 'ü') }),
      component: fc.stringMatching(/^[a-z-]{0,10}$/),
      at: fc.date({ min: new Date('1990-01-01'), max: new Date('2090-01-01'), noInvalidDate: true }),
      severity: fc.constantFrom('info' as const, 'warning' as const, 'error' as const),
      biasMinutes: fc.integer({ min: -840, max: 840 }),
    });
    fc.assert(
      fc.property(fc.array(record, { maxLength: 5 }), (records) => {
        const read = parseLog(records.map(formatLogRecord).join('\r\n'));
        expect(
          read.map(({ text, component, at, severity, biasMinutes }) => ({
            text,
            component,
            at,
            severity,
            biasMinutes,
          })),
        ).toEqual(records.map((each) => ({ ...each, text: each.text.replaceAll(']LOG]!>', ']LOG] !>') })));
      }),
    );
  });
});
