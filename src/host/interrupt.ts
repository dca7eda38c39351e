import { exitCodes } from '../model/errors/entry.ts';

/** What Ctrl-C and a polite `kill` mean while a command runs. */
export interface Interrupt {
  /** Aborted by the first of them. Whoever reads it promises to end soon and to leave nothing half-written. */
  readonly signal: AbortSignal;
}

/**
 * The first interrupt aborts the signal if anybody holds it, and calls `notice`; the second, or the first when nobody
 * holds it, ends the process with 130 at once.
 */
export function watchForInterrupt(notice: () => void): Interrupt {
  const controller = new AbortController();
  let held = false;
  const interrupt = (): void => {
    if (!held || controller.signal.aborted) process.exit(exitCodes.interrupted);
    controller.abort();
    notice();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  return {
    get signal() {
      held = true;
      return controller.signal;
    },
  };
}
