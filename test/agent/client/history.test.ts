import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ClientRun, endOf, readHistory, remember, runUnderWay } from '../../../src/agent/client/history.ts';

let root: string;
const write = (path: string, text: string): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};
const started = (boot: string): void => write('proc/sys/kernel/random/boot_id', `${boot}\n`);
const run: ClientRun = {
  ...{ run: '1'.repeat(32), mark: 'ab'.repeat(16), deployment: 'R1', name: 'Refresh' },
  ...{ begun: '2027-01-01T00:00:00Z', where: 'boot', boot: 'first', session: 's' },
};

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'history-'));
  started('first');
});
afterEach(() => rmSync(root, { recursive: true }));

describe('what became of a run', () => {
  it('that goes to the boot environment: under way until the machine is back on this disk', async () => {
    await remember(run, root);
    expect(await runUnderWay(root)).toEqual(run);
    started('second');
    expect(await endOf(run, root)).toBe('failed');
    expect(await runUnderWay(root)).toBeUndefined();
  });

  it('that came back from there to go on here, is under way as long as its state is there', async () => {
    started('third');
    write('_SMSTaskSequence/state.json', '{}');
    expect(await endOf(run, root)).toBeUndefined();
    rmSync(join(root, '_SMSTaskSequence'), { recursive: true });
    write(`var/log/bootwright/finished.${run.mark.slice(0, 16)}`, '');
    expect(await endOf(run, root)).toBe('succeeded');
  });

  it('that runs here, has ended when it has removed its state', async () => {
    const here: ClientRun = { ...run, where: 'here' };
    write('_SMSTaskSequence/state.json', '{}');
    expect(await endOf(here, root)).toBeUndefined();
    rmSync(join(root, '_SMSTaskSequence'), { recursive: true });
    expect(await endOf(here, root)).toBe('failed');
  });

  it('is kept once for each run, and a damaged history is none', async () => {
    await remember(run, root);
    await remember({ ...run, result: 'failed' }, root);
    expect(await readHistory(root)).toEqual([{ ...run, result: 'failed' }]);
    write('var/lib/bootwright-agent/runs.json', '{');
    expect(await readHistory(root)).toEqual([]);
  });
});
