import { describe, expect, it } from 'vitest';
import { standalone } from '../../media/standalone/kind.ts';
import type { SequenceItem, Step, TaskSequence } from '../../src/model/sequence.ts';

const step = (type: string, changes: Partial<Step> = {}): Step => ({
  kind: 'step',
  type,
  name: type,
  description: '',
  disabled: false,
  continueOnError: false,
  settings: {},
  environments: ['boot'],
  successCodes: [0],
  retryCount: 0,
  timeoutSeconds: 0,
  ...changes,
});

const sequence = (...items: SequenceItem[]): TaskSequence => ({
  id: 'S',
  name: 'S',
  description: '',
  dialect: 'configmgr',
  variables: [],
  references: [],
  items,
});

const group = (items: SequenceItem[], disabled = false): SequenceItem => ({
  kind: 'group',
  name: 'Install',
  description: '',
  continueOnError: false,
  disabled,
  items,
});

describe('what cannot run from a stand-alone medium', () => {
  it.each([
    'SMS_TaskSequence_AutoApplyAction',
    'SMS_TaskSequence_InstallUpdateAction',
    'SMS_TaskSequence_RequestStateStoreAction',
    'SMS_TaskSequence_ReleaseStateStoreAction',
  ])('%s', (type) => {
    const [problem, ...others] = standalone.objections(sequence(group([step(type)])));
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ code: 'BW-MEDIA-002', severity: 'error', path: `/Install/${type}` });
  });

  it('is not held against disabled steps and groups', () => {
    const bad = 'SMS_TaskSequence_AutoApplyAction';
    expect(standalone.objections(sequence(step(bad, { disabled: true }), group([step(bad)], true)))).toEqual([]);
  });
});
