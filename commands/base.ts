import { Command, Flags } from '@oclif/core';
import { type Interrupt, watchForInterrupt } from '../src/host/interrupt.ts';
import type { ProgressDisplay } from '../src/host/progress.ts';
import { bold, formatTable, terminalProgress } from '../src/host/terminal.ts';
import { BootwrightError, formatPlace } from '../src/model/error.ts';

/**
 * What every command has: `--json`, progress, tables, a signal for Ctrl-C, one way to print errors, exit codes from the
 * table in `src/model/errors`.
 */
export abstract class BaseCommand extends Command {
  static override enableJsonFlag = true;
  static override baseFlags = {
    'no-color': Flags.boolean({ description: 'print without colours (NO_COLOR does the same)', helpGroup: 'GLOBAL' }),
  };

  #progress: ProgressDisplay | undefined;
  #interrupt: Interrupt | undefined;

  /** A bar on a terminal, plain lines elsewhere, JSON lines with `--json`; always on standard error. */
  protected get progress(): ProgressDisplay {
    this.#progress ??= terminalProgress(this.jsonEnabled());
    return this.#progress;
  }

  /** Aborted by the first Ctrl-C. Hand it to whatever takes long: a command that never asks for it just ends. */
  protected get signal(): AbortSignal {
    this.#interrupt ??= this.#watch();
    return this.#interrupt.signal;
  }

  /** Prints aligned columns on standard output; nothing with `--json`. */
  protected table(headers: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
    this.log(formatTable(headers, rows, bold).trimEnd());
  }

  override log(message?: string, ...args: unknown[]): void {
    // Commands print when the work before is done: its last line belongs above the result.
    this.#progress?.end(true);
    super.log(message, ...args);
  }

  protected override async init(): Promise<unknown> {
    this.#interrupt ??= this.#watch();
    return super.init();
  }

  protected override async finally(error: Error | undefined): Promise<unknown> {
    this.#progress?.end(error === undefined);
    return super.finally(error);
  }

  protected override async catch(error: Error & { exitCode?: number }): Promise<unknown> {
    this.#progress?.end(false);
    if (!(error instanceof BootwrightError)) return super.catch(await withSuggestion(error, this.ctor));
    process.exitCode = error.exitCode;
    if (this.jsonEnabled()) {
      this.logJson(this.toErrorJson(error));
    } else {
      const place = error.place === undefined ? '' : `${formatPlace(error.place)}: `;
      process.stderr.write(`${error.code} ${place}${error.message}\nFix: ${error.fix}\n`);
    }
    return undefined;
  }

  protected override toErrorJson(error: unknown): unknown {
    if (!(error instanceof BootwrightError)) return { error: { message: (error as Error).message } };
    return { error: { code: error.code, message: error.message, fix: error.fix, ...(error.place ?? {}) } };
  }

  #watch(): Interrupt {
    return watchForInterrupt(() => {
      this.#progress?.clear();
      process.stderr.write('Interrupted: cleaning up. Ctrl-C again stops at once.\n');
    });
  }
}

/** oclif names the flags it does not know; this adds the one that was probably meant. */
async function withSuggestion(error: Error, command: Command.Class): Promise<Error> {
  const { flags } = error as { flags?: unknown };
  if (!Array.isArray(flags)) return error;
  const { nearest } = await import('../src/sequence/did-you-mean.ts');
  const known = Object.keys({ ...command.flags, ...command.baseFlags, json: true, help: true }).map(
    (name) => `--${name}`,
  );
  const found = flags.map((flag) => nearest(String(flag), known)).filter((name) => name !== undefined);
  if (found.length > 0) error.message += `\nDid you mean ${found.join(', ')}?`;
  return error;
}
