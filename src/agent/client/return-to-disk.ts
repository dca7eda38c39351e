import type { AgentContext } from '../context.ts';

/** No step within that time: no server, no content, a question nobody answers. */
const toFirstStep = 30 * 60_000;
/** As long as Configuration Manager shows an error before it restarts. */
const afterFailure = 15 * 60_000;
const pause = 1000;

/**
 * A machine whose running system sent it here comes back to its disk by itself, whatever page it stands on: nobody may be
 * in front of it. The clock may be set meanwhile, so only pauses are counted.
 */
export function returnToDisk({ record, emit, clock, restart }: AgentContext): void {
  let left: number | undefined = toFirstStep;
  record.listen(({ type }) => {
    if (type === 'step.started') left = undefined;
    else if (type === 'sequence.failed' || type === 'agent.refused') left = afterFailure;
  });
  const watch = async (): Promise<never> => {
    for (;;) {
      await clock.sleep(pause);
      if (left === undefined) continue;
      left -= pause;
      if (left > 0) continue;
      emit({ type: 'agent.phase', name: 'disk', text: 'Nobody answered: the machine starts its disk again' });
      return restart();
    }
  };
  // Its failure is that of the restart, which does not end.
  watch().catch(() => undefined);
}
