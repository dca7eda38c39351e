import type { MediaKind } from '../../src/model/media-kind.ts';
import type { TaskSequence } from '../../src/model/sequence.ts';
import { bootLayout } from '../boot-layout.ts';
import { captureObjections } from './support.ts';

/** Starts a reference machine, prepares its system, and writes it into one WIM on a share, a server or another disk. */
export const capture: MediaKind<TaskSequence> = {
  name: 'capture',
  title: 'Capture medium',
  objections: captureObjections,
  // At the top, for whoever starts it on the running system.
  layout: (parts) => bootLayout('capture', parts, [{ path: 'capture.sh', bytes: Buffer.from(parts.captureScript) }]),
};
