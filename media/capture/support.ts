import type { Problem } from '../../src/model/error.ts';
import type { SequenceItem, Step, TaskSequence } from '../../src/model/sequence.ts';
import { captureOperatingSystemImage } from '../../src/steps/capture-operating-system-image.ts';
import { findStepType } from '../../src/steps/index.ts';

/** Why a sequence is no capture: it has to capture something, and nothing before that may erase it. */
export function captureObjections(sequence: TaskSequence): Problem[] {
  const file = sequence.place?.file ?? sequence.id;
  const steps = enabledSteps(sequence.items);
  const at = steps.findIndex((step) => findStepType(step.type)?.type === captureOperatingSystemImage.type);
  const refuse = (message: string, step?: Step): Problem => ({
    ...(step?.place ?? { file }),
    ...{ severity: 'error', code: 'BW-MEDIA-002', message },
  });
  if (at < 0)
    return [refuse(`A capture medium needs a step Capture Operating System Image, and "${sequence.name}" has none.`)];
  return steps
    .slice(0, at)
    .filter((step) => erases.includes(findStepType(step.type)?.name ?? ''))
    .map((step) => refuse(`The step "${step.name}" would erase the reference machine before it is captured.`, step));
}

const erases: readonly string[] = ['format-and-partition-disk', 'apply-operating-system-image'];

function enabledSteps(items: readonly SequenceItem[]): Step[] {
  return items.flatMap((item) => {
    if (item.disabled) return [];
    return item.kind === 'group' ? enabledSteps(item.items) : [item];
  });
}
