import MediaCreateCapture from '../create/capture.ts';
import { stopAfterPlan } from './stop.ts';

export default class MediaPlanCapture extends MediaCreateCapture {
  static override summary =
    'Say what a capture medium would change on a machine, ask there, and where the image would go.';
  static override description = 'The same as media create capture with --dry-run. Writes nothing.';
  static override examples = [
    '<%= config.bin %> media plan capture --destination LABEL=IMAGES/debian.wim --output capture.iso',
  ];

  override async run(): Promise<object> {
    stopAfterPlan(this.argv);
    return super.run();
  }
}
