import MediaCreateStandalone from '../create/standalone.ts';
import { stopAfterPlan } from './stop.ts';

/** The same command, stopped after its plan: what is planned and what is made can never differ. */
export default class MediaPlanStandalone extends MediaCreateStandalone {
  static override summary = 'Say what a stand-alone medium would hold, erase and ask, and what has to be read for it.';
  static override description = 'The same as media create standalone with --dry-run. Writes nothing.';
  static override examples = [
    '<%= config.bin %> media plan standalone --sequence debian --output debian.iso',
    '<%= config.bin %> media plan standalone --sequence debian --output debian.iso --encrypt-content --json',
  ];

  override async run(): Promise<object> {
    stopAfterPlan(this.argv);
    return super.run();
  }
}
