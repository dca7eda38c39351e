import { Args } from '@oclif/core';
import { printable } from '../../src/model/printable.ts';
import type { RunFacts } from '../../src/server/state/history.ts';
import { BaseCommand } from '../base.ts';
import { siteFlag } from '../key/flags.ts';
import { withState } from '../with-state.ts';

export default class RunShow extends BaseCommand {
  static override summary = 'Show what happened in one run.';
  static override examples = ['<%= config.bin %> run show 4f1c09aa', '<%= config.bin %> run show 4f1c09aa --json'];
  static override args = { run: Args.string({ description: 'id, or how it begins', required: true }) };
  static override flags = { site: siteFlag };

  override async run(): Promise<{ run: RunFacts; events: object[] }> {
    const { args, flags } = await this.parse(RunShow);
    const { eventsOf, findRun } = await import('../../src/server/state/history.ts');
    const { run, events } = await withState(flags.site, async (state) => {
      const found = await findRun(state, args.run);
      return { run: found, events: await eventsOf(state, found.id) };
    });
    this.log(`Run ${run.id}: ${run.sequence} on ${run.name} (${run.machine}), ${run.state}\n`);
    for (const { at, type, ...rest } of events.filter((event) => event.type !== 'step.progress')) {
      const { name, path, message, text } = rest as Record<string, unknown>;
      const words = [path ?? name, message ?? text].filter((word) => typeof word === 'string' && word !== '');
      this.log(printable(`${at}  ${type}  ${words.join(': ')}`));
    }
    return { run, events };
  }
}
