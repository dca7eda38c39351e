import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { returnToDisk } from '../../../src/agent/client/return-to-disk.ts';
import type { AgentContext } from '../../../src/agent/context.ts';
import type { BootwrightEvent } from '../../../src/model/event.ts';

let hear: (event: BootwrightEvent) => void;
let restarts: number;
const minutes = (count: number): Promise<unknown> => vi.advanceTimersByTimeAsync(count * 60_000);
const say = (type: string): void => hear({ type } as BootwrightEvent);

beforeEach(() => {
  vi.useFakeTimers();
  restarts = 0;
  returnToDisk({
    record: {
      listen: (listener: typeof hear) => {
        hear = listener;
      },
      flush: async () => undefined,
    },
    emit: () => undefined,
    clock: {
      now: () => new Date(),
      sleep: (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    },
    async restart() {
      restarts += 1;
      throw new Error('restarted');
    },
  } as unknown as AgentContext);
});
afterEach(() => vi.useRealTimers());

describe('a machine that its running system sent into the boot environment', () => {
  it('starts its disk when it stands on a page for half an hour', async () => {
    await minutes(29);
    expect(restarts).toBe(0);
    await minutes(2);
    expect(restarts).toBe(1);
  });

  it('takes all the time a step needs', async () => {
    say('step.started');
    await minutes(600);
    expect(restarts).toBe(0);
  });

  it('starts its disk a quarter of an hour after a failure, unless somebody tries again', async () => {
    say('step.started');
    say('sequence.failed');
    await minutes(14);
    say('step.started');
    await minutes(60);
    expect(restarts).toBe(0);
    say('sequence.failed');
    await minutes(16);
    expect(restarts).toBe(1);
  });
});
