import type { BootableSettings } from '../../src/model/bootable.ts';
import type { MediaKind } from '../../src/model/media-kind.ts';
import { bootLayout } from '../boot-layout.ts';
import { bootableObjections } from './support.ts';

/** Starts the boot environment, which asks a server of the site what this machine is to become. Holds no sequence. */
export const bootable: MediaKind<BootableSettings> = {
  name: 'bootable',
  title: 'Bootable medium',
  objections: bootableObjections,
  layout: (parts) => bootLayout('bootable', parts),
};
