import { describe, expect, it } from 'vitest';
import { capture } from '../../media/capture/kind.ts';
import type { SequenceItem, TaskSequence } from '../../src/model/sequence.ts';
import { step } from '../engine/harness.ts';

const sequence = (...items: SequenceItem[]): TaskSequence => ({
  ...{ id: 'S', name: 'S', description: '', dialect: 'yaml', variables: [], references: [] },
  items,
});
const captures = step('Capture', { type: 'SMS_TaskSequence_CaptureSystemImageAction' });
const formats = step('Format', { type: 'SMS_TaskSequence_PartitionDiskAction' });

describe('which sequences are captures', () => {
  it.each<[string, TaskSequence, RegExp | undefined]>([
    ['one that captures', sequence(step('Prepare', { type: 'Bootwright_PrepareForCapture' }), captures), undefined],
    ['one that does not', sequence(formats), /has none/],
    ['one whose capture is disabled', sequence({ ...captures, disabled: true }), /has none/],
    ['one that erases first', sequence(formats, captures), /"Format" would erase/],
    ['one that erases afterwards', sequence(captures, formats), undefined],
    ['one whose erasing is disabled', sequence({ ...formats, disabled: true }, captures), undefined],
  ])('%s', (_, given, message) => {
    const problems = capture.objections(given);
    if (message === undefined) expect(problems).toEqual([]);
    else
      expect(problems).toEqual([
        expect.objectContaining({ code: 'BW-MEDIA-002', message: expect.stringMatching(message) }),
      ]);
  });
});
