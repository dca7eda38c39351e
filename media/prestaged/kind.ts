import type { BootableSettings } from '../../src/model/bootable.ts';
import type { MediaKind } from '../../src/model/media-kind.ts';
import type { TaskSequence } from '../../src/model/sequence.ts';
import { bootLayout } from '../boot-layout.ts';
import { bootableObjections } from '../bootable/support.ts';
import { standaloneObjections } from '../standalone/support.ts';

const common = {
  name: 'prestaged',
  title: 'Prestaged medium',
  layout: (parts) => bootLayout('prestaged', parts),
} as const satisfies Partial<MediaKind<never>>;

/** Lies on the disk of the machine: boot environment and content. What is to be done a server says. */
export const prestaged: MediaKind<BootableSettings> = { ...common, objections: bootableObjections };

/** The same with the sequence inside: the first start needs no network. */
export const prestagedOffline: MediaKind<TaskSequence> = { ...common, objections: standaloneObjections };
