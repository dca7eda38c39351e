import { describe, expect, it } from 'vitest';
import { confirm } from '../../src/agent/confirm.ts';
import { checkDates, isWithin, parseClock } from '../../src/agent/dates.ts';
import type { MachineFacts } from '../../src/model/machine.ts';
import { enter, escapeKey, scripted, wait } from './scripted.ts';

describe('isWithin', () => {
  it.each([
    [{}, true],
    [{ validFrom: '2026-06-01T12:00:00Z' }, true],
    [{ validFrom: '2026-06-01T12:00:01Z' }, false],
    [{ validTo: '2026-06-01T12:00:01Z' }, true],
    [{ validTo: '2026-06-01T12:00:00Z' }, false],
    [{ validFrom: '2026-06-01T14:00:00+02:00', validTo: '2026-06-02T00:00:00Z' }, true],
  ])('%j', (range, expected) => {
    expect(isWithin(range, new Date('2026-06-01T12:00:00Z'))).toBe(expected);
  });
});

describe('parseClock', () => {
  it.each([
    ['2026-03-31 14:30', '2026-03-31T14:30:00.000Z'],
    [' 2026-03-31T4:30 ', '2026-03-31T04:30:00.000Z'],
    ['2026-03-31', '2026-03-31T12:00:00.000Z'],
    ['2026-02-31 14:30', undefined],
    ['2026-13-01', undefined],
    ['31.3.2026', undefined],
    ['2026-03-31 25:00', undefined],
    ['', undefined],
  ])('%s', (typed, expected) => {
    expect(parseClock(typed)?.toISOString()).toBe(expected);
  });
});

describe('checkDates', () => {
  const past = { validTo: '2026-01-01T00:00:00Z' };

  it('names the clock, and changes nothing when the person restarts', async () => {
    const { context, pages, events } = scripted([enter]);
    await expect(checkDates(context, past)).resolves.toBe(false);
    expect(pages[0]?.title).toBe('This machine believes it is 2026-06-01 12:00 UTC');
    expect(pages[0]?.keys).toContainEqual({ key: 'F2', text: 'sets the clock' });
    expect(events).toContainEqual(expect.objectContaining({ type: 'agent.refused', code: 'BW-AGENT-001' }));
  });

  it('asks again after something that is no date, and after Escape', async () => {
    const f2 = { kind: 'f2' } as const;
    const { context, pages } = scripted([f2, 'tomorrow', enter, f2, escapeKey, enter]);
    await expect(checkDates(context, past)).resolves.toBe(false);
    expect(JSON.stringify(pages)).toContain('is no date');
  });
});

describe('confirm', () => {
  const undertaking = { sequence: 'S', facts: {} as MachineFacts, targets: [], actions: [] };

  it.each<[string, Parameters<typeof scripted>[0], boolean, number]>([
    ['starts by itself after 15 seconds', [wait(15)], true, 15],
    ['starts at once with Enter', [wait(2), enter], true, 2],
    ['does not start with N', [wait(14), 'n'], false, 14],
    ['waits for ever once Escape was pressed', [wait(14), escapeKey, wait(86_400), enter], true, 86_414],
    ['other keys change nothing', ['xyz', wait(15)], true, 15],
  ])('%s', async (_, acts, answer, seconds) => {
    const { context, elapsed } = scripted(acts);
    await expect(confirm(context, undertaking)).resolves.toBe(answer);
    expect(elapsed()).toBe(seconds * 1000);
  });

  it('shows the seconds that are left', async () => {
    const { context, pages } = scripted([wait(15)]);
    await confirm(context, undertaking);
    const shown = pages.flatMap(({ blocks }) => blocks.flatMap((block) => (block.kind === 'live' ? [block.text] : [])));
    expect(shown).toEqual(Array.from({ length: 15 }, (_, index) => `Starts by itself in ${15 - index} s.`));
  });
});
