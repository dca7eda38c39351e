import type { StepType } from '../model/step.ts';
import { applyDataImage } from './apply-data-image.ts';
import { applyOperatingSystemImage } from './apply-operating-system-image.ts';
import { captureOperatingSystemImage } from './capture-operating-system-image.ts';
import { connectToNetworkFolder } from './connect-to-network-folder.ts';
import { downloadPackageContent } from './download-package-content.ts';
import { formatAndPartitionDisk } from './format-and-partition-disk.ts';
import { installApplication } from './install-application.ts';
import { installPackage } from './install-package.ts';
import { prepareForCapture } from './prepare-for-capture.ts';
import { removePrestagedMedium } from './remove-prestaged-medium.ts';
import { restartComputer } from './restart-computer.ts';
import { runCommandLine } from './run-command-line.ts';
import { runTaskSequence } from './run-task-sequence.ts';
import { setTaskSequenceVariable } from './set-task-sequence-variable.ts';
import { setUpLinux } from './set-up-linux.ts';

/** Every step type there is. A new step is a new file and one line here. */
// biome-ignore lint/suspicious/noExplicitAny: each member has its own settings type; callers go through its schema.
export const stepTypes: readonly StepType<any>[] = [
  applyDataImage,
  applyOperatingSystemImage,
  captureOperatingSystemImage,
  connectToNetworkFolder,
  downloadPackageContent,
  formatAndPartitionDisk,
  installApplication,
  installPackage,
  prepareForCapture,
  removePrestagedMedium,
  restartComputer,
  runCommandLine,
  runTaskSequence,
  setTaskSequenceVariable,
  setUpLinux,
];

/** Finds a step type by its canonical type, YAML name or alias, ignoring case. */
export function findStepType(name: string): StepType | undefined {
  const wanted = name.toLowerCase();
  return stepTypes.find((type) =>
    [type.type, type.name, ...type.aliases].some((known) => known.toLowerCase() === wanted),
  );
}
