import { Command, Flags } from '@oclif/core';
import { BootwrightError, formatPlace } from '../src/model/error.ts';

/** What every command has: `--json`, one way to print errors, exit codes from the table in `src/model/errors`. */
export abstract class BaseCommand extends Command {
  static override enableJsonFlag = true;
  static override baseFlags = {
    'no-color': Flags.boolean({ description: 'print without colours (NO_COLOR does the same)', helpGroup: 'GLOBAL' }),
  };

  protected override async catch(error: Error & { exitCode?: number }): Promise<unknown> {
    if (!(error instanceof BootwrightError)) return super.catch(error);
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
    if (!(error instanceof BootwrightError)) return super.toErrorJson(error);
    return { error: { code: error.code, message: error.message, fix: error.fix, ...(error.place ?? {}) } };
  }
}
