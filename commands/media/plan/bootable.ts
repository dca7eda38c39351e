import MediaCreateBootable from '../create/bootable.ts';
import { stopAfterPlan } from './stop.ts';

export default class MediaPlanBootable extends MediaCreateBootable {
  static override summary = 'Say whom a bootable medium would ask, what it would hold and how it would be protected.';
  static override description = 'The same as media create bootable with --dry-run. Writes nothing.';
  static override examples = [
    '<%= config.bin %> media plan bootable --server https://deploy.example.org:8443 --output lab.iso',
  ];

  override async run(): Promise<object> {
    stopAfterPlan(this.argv);
    return super.run();
  }
}
