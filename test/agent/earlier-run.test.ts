import { describe, expect, it } from 'vitest';
import { askAboutEarlierRun } from '../../src/agent/earlier-run-page.ts';
import { chooseRun, type FoundRun } from '../../src/agent/find-runs.ts';
import { propose } from '../../src/agent/proposal.ts';
import { expiryOf, type SavedRun } from '../../src/agent/saved-run.ts';
import type { RunState } from '../../src/engine/state.ts';
import { mediumId, newKey, policyOf } from './medium-tree.ts';
import { enter, escapeKey, scripted, wait } from './scripted.ts';

const state: RunState = {
  format: 'bootwright-run/1',
  runId: 'r',
  mediumId,
  sequence: 'x',
  position: 3,
  phase: 'running',
  retries: {},
  variables: [],
  hidden: [],
  startedAt: '2026-06-01T10:00:00.000Z',
};
const saved: SavedRun = {
  format: 'bootwright-saved-run/1',
  mediumId,
  policy: policyOf([], newKey()),
  state,
  next: 'boot',
  diskStarts: 0,
};
const now = new Date('2026-06-01T12:00:00Z');
const interrupted: FoundRun = { kind: 'interrupted', disk: '/dev/sda', volume: 'PARTUUID=1', finishedAt: '' };
const finished: FoundRun = { ...interrupted, kind: 'finished', disk: '/dev/sdb', finishedAt: 'then' };
const never = new AbortController().signal;

describe('propose', () => {
  it.each<[string, Parameters<typeof propose>[0], string, number | undefined]>([
    ['a finished run starts its disk', { kind: 'finished' }, 'disk', 10],
    ['a state that cannot be read starts anew, and asks', { kind: 'interrupted' }, 'new', undefined],
    ['a power cut goes on', { kind: 'interrupted', saved }, 'continue', 10],
    [
      'a run that restarts into the boot environment goes on',
      { kind: 'interrupted', saved: { ...saved, state: { ...state, phase: 'restart' } } },
      'continue',
      10,
    ],
    [
      'a failed run waits for a person',
      { kind: 'interrupted', saved: { ...saved, state: { ...state, phase: 'failed' } } },
      'continue',
      undefined,
    ],
    [
      'a run that went to the disk starts it',
      { kind: 'interrupted', saved: { ...saved, next: 'disk', diskStarts: 1 } },
      'disk',
      10,
    ],
    [
      'a disk that comes back here three times waits for a person',
      { kind: 'interrupted', saved: { ...saved, next: 'disk', diskStarts: 3 } },
      'disk',
      undefined,
    ],
    [
      'a run whose time is over is removed',
      { kind: 'interrupted', saved: { ...saved, expiresAt: '2026-06-01T12:00:00Z' } },
      'expired',
      undefined,
    ],
    [
      'a run that still has time goes on',
      { kind: 'interrupted', saved: { ...saved, expiresAt: '2026-06-01T12:00:01Z' } },
      'continue',
      10,
    ],
  ])('%s', (_, run, decision, seconds) => {
    expect(propose(run, now)).toEqual({ decision, seconds });
  });

  it('prefers the interrupted run when there are several', () => {
    expect(chooseRun([finished, interrupted])).toBe(interrupted);
    expect(chooseRun([finished])).toBe(finished);
    expect(chooseRun([])).toBeUndefined();
  });
});

describe('askAboutEarlierRun', () => {
  it.each<[string, Parameters<typeof scripted>[0], FoundRun, string]>([
    ['goes on after ten seconds', [wait(10)], interrupted, 'go on'],
    ['goes on at once', [wait(3), enter], interrupted, 'go on'],
    ['N starts anew', [wait(9), 'N'], interrupted, 'new'],
    ['waits after Escape', [escapeKey, wait(3600), 'n'], interrupted, 'new'],
    ['R installs a finished machine again', ['r'], finished, 'new'],
    ['N does not', ['n', wait(10)], finished, 'go on'],
  ])('%s', async (_, acts, run, answer) => {
    const { context } = scripted(acts);
    const proposal = { decision: run === finished ? ('disk' as const) : ('continue' as const), seconds: 10 };
    await expect(askAboutEarlierRun(context, { ...run, saved }, proposal, never)).resolves.toBe(answer);
  });
});

describe('expiryOf', () => {
  it.each([
    [undefined, undefined],
    ['2026-07-01T00:00:00Z', '2026-07-01T00:00:00.000Z'],
    // Begun an hour before the end: four hours are left.
    ['2026-06-01T13:00:00Z', '2026-06-01T16:00:00.000Z'],
  ])('%s', (validTo, expected) => {
    expect(expiryOf(validTo === undefined ? {} : { validTo }, now)).toBe(expected);
  });
});
