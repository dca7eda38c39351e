import { describe, expect, it } from 'vitest';
import type { Script } from '../../src/prove/follow.ts';
import type { Guest } from '../../src/prove/guest.ts';
import type { GuestEvent } from '../../src/prove/guest-event.ts';
import { judgeReports, type ProofService, type ServedRun, withOperator } from '../../src/prove/service.ts';

const quiet: Script = { judge: () => 'go on', answer: async () => undefined };

function service(waiting: readonly string[], runs: readonly ServedRun[] = []) {
  const approved: string[] = [];
  const made: ProofService = {
    port: 1,
    waiting: async () => waiting,
    approve: async (code) => void approved.push(code),
    runs: async () => runs,
    close: async () => undefined,
  };
  return { made, approved };
}

const asks = (text: string) =>
  ({ type: 'prompt.shown', prompt: 'approval', text, at: '', uptime: 0 }) as const satisfies object;

describe('the operator of a proof', () => {
  it('approves the code both ends show', async () => {
    const { made, approved } = service(['7K3M-Q9TX']);
    await withOperator(quiet, made).answer(asks('Code of this machine: 7K3M-Q9TX'), {} as Guest);
    expect(approved).toEqual(['7K3M-Q9TX']);
  });

  it.each([
    ['another code', ['7K3M-Q9TY']],
    ['nobody', []],
    ['a second machine', ['7K3M-Q9TX', '0000-0000']],
  ])('approves nothing when at the server waits %s', async (_, waiting) => {
    const { made, approved } = service(waiting);
    const answered = withOperator(quiet, made).answer(asks('Code of this machine: 7K3M-Q9TX'), {} as Guest);
    await expect(answered).rejects.toMatchObject({ code: 'BW-PROVE-031' });
    expect(approved).toEqual([]);
  });
});

describe('the record of the server', () => {
  const event = (second: number, type: string) => ({ at: `2026-01-01T00:00:0${second}Z`, type, uptime: second });
  const before = [event(0, 'agent.started'), event(0, 'log'), event(0, 'prompt.shown')];
  const said = [
    event(1, 'machine.recognised'),
    event(2, 'step.started'),
    event(3, 'step.completed'),
    event(4, 'sequence.completed'),
    event(5, 'log'),
  ];
  const heard = [
    { ...event(0, 'boot.mark'), name: 'initramfs' },
    ...before,
    ...said.slice(0, 3),
    event(3, 'agent.started'),
    ...said.slice(3),
  ].map((each, seconds) => ({ seconds, event: each }) as unknown as GuestEvent);
  const judged = async (events: ServedRun['events'], state = 'completed') =>
    (await judgeReports(service([], [{ state, sequence: 's', events }]).made, heard)).map(({ passed }) => passed);

  it('is right when it is what the machine said, up to the end of the run', async () => {
    expect(await judged(said)).toEqual([true, true]);
    expect(await judged(said.slice(0, 4))).toEqual([true, true]);
    expect(await judged([...before.slice(2), ...said])).toEqual([true, true]);
  });

  it.each([
    ['lost in the middle', [0, 2, 3, 4]],
    ['doubled', [0, 1, 1, 2, 3]],
    ['in another order', [0, 2, 1, 3]],
    ['without the beginning', [1, 2, 3]],
    ['without the end', [0, 1, 2]],
    ['empty', []],
  ])('is wrong when it is %s', async (_, picked) => {
    expect(await judged(picked.map((index) => said[index]!))).toEqual([true, false]);
  });

  it('does not miss what an older boot image said before it gave way', async () => {
    const older = [event(0, 'machine.recognised'), { ...event(0, 'agent.phase'), name: 'boot-image' }].map(
      (each) => ({ seconds: 0, event: each }) as unknown as GuestEvent,
    );
    const judgeAll = (all: readonly GuestEvent[]) =>
      judgeReports(service([], [{ state: 'completed', sequence: 's', events: said }]).made, all);
    expect((await judgeAll([...older, ...heard])).map(({ passed }) => passed)).toEqual([true, true]);
    expect((await judgeAll([...older.slice(0, 1), ...heard])).map(({ passed }) => passed)).toEqual([true, false]);
  });

  it('is wrong when the run is not over, or there is none', async () => {
    expect(await judged(said, 'running')).toEqual([false, true]);
    expect((await judgeReports(service([]).made, heard)).map(({ passed }) => passed)).toEqual([false, false]);
  });
});
