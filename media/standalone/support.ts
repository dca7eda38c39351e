import type { Problem } from '../../src/model/error.ts';
import type { SequenceItem, Step, TaskSequence } from '../../src/model/sequence.ts';
import { findStepType } from '../../src/steps/index.ts';

/**
 * What needs a management point or a state migration point (spec: feature support of media kinds), in the words a
 * person sees in the console. Known here even where we have no such step: the reason is the medium, not us.
 */
const needsServer: Readonly<Record<string, string>> = {
  SMS_TaskSequence_AutoApplyAction: 'Auto Apply Drivers asks a management point for drivers',
  SMS_TaskSequence_InstallUpdateAction: 'Install Software Updates needs a software update point',
  SMS_TaskSequence_RequestStateStoreAction: 'Request State Store needs a state migration point',
  SMS_TaskSequence_ReleaseStateStoreAction: 'Release State Store needs a state migration point',
};

/** Every enabled step that cannot run without a network, with its reason. */
export function standaloneObjections(sequence: TaskSequence): Problem[] {
  const file = sequence.place?.file ?? sequence.id;
  return stepsOf(sequence.items, '').flatMap(({ step, path }) => {
    const reason = objection(step);
    if (reason === undefined) return [];
    const position = step.place ?? { file };
    return [
      {
        ...position,
        path,
        severity: 'error' as const,
        code: 'BW-MEDIA-002' as const,
        message: `The step "${step.name}" cannot run from a stand-alone medium: ${reason}.`,
      },
    ];
  });
}

function objection(step: Step): string | undefined {
  const reason = needsServer[step.type];
  if (reason !== undefined) return reason;
  const type = findStepType(step.type);
  const settings = type?.settings.safeParse(step.settings);
  if (settings?.success === true && type?.needs?.(settings.data).managementPoint === true)
    return 'it needs a management point';
  return undefined;
}

function stepsOf(items: readonly SequenceItem[], parent: string): { step: Step; path: string }[] {
  return items.flatMap((item) => {
    if (item.disabled) return [];
    const path = `${parent}/${item.name}`;
    return item.kind === 'group' ? stepsOf(item.items, path) : [{ step: item, path }];
  });
}
