import type { MediaKind } from '../../src/model/media-kind.ts';
import type { TaskSequence } from '../../src/model/sequence.ts';
import { bootLayout } from '../boot-layout.ts';
import { standaloneObjections } from './support.ts';

/** A whole deployment on one hybrid ISO: no network, no server, one task sequence. */
export const standalone: MediaKind<TaskSequence> = {
  name: 'standalone',
  title: 'Stand-alone medium',
  objections: standaloneObjections,
  layout: (parts) => bootLayout('standalone', parts),
};
