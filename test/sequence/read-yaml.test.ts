import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Group, Step } from '../../src/model/sequence.ts';
import { readYamlSequence } from '../../src/sequence/read-yaml.ts';
import { problemLines } from '../problem-lines.ts';

const fixtures = join(import.meta.dirname, '..', 'fixtures', 'sequences');
const goldens = join(import.meta.dirname, '..', 'goldens', 'sequence');

describe('readYamlSequence', () => {
  it('names every mistake with its place and what to do', async () => {
    const text = readFileSync(join(fixtures, 'mistakes.yaml'), 'utf8');
    const { problems } = readYamlSequence(text, 'sequences/mistakes.yaml');
    await expect(problemLines(problems)).toMatchFileSnapshot(join(goldens, 'mistakes.txt'));
  });

  it('reads groups, steps, conditions, variables and secrets', () => {
    const { sequence, problems } = readYamlSequence(
      [
        'name: Debian 13',
        'bootImage: lab',
        'variables: { OSDComputerName: lab-01, Count: 3, Join: !secret join-password }',
        'steps:',
        '  - group: Install',
        '    continueOnError: true',
        "    condition: { variable: _SMSTSInWinPE, operator: equals, value: 'true' }",
        '    steps:',
        '      - step: set-task-sequence-variable',
        '        name: Greet',
        '        runIn: any',
        '        successCodes: [0]',
        '        timeoutSeconds: 60',
        '        disabled: true',
        '        variable: Greeting',
        '        value: { deep: [1, !secret other] }',
        '  - step: restart-computer',
        '    condition: [{ none: [{ variable: X, operator: exists }] }]',
      ].join('\n'),
      '/site/sequences/debian.yaml',
    );
    expect(problems).toEqual([]);
    expect(sequence).toMatchObject({ id: 'debian', name: 'Debian 13', dialect: 'yaml', bootImage: 'lab' });
    expect(sequence?.variables).toEqual([
      { name: 'OSDComputerName', value: 'lab-01' },
      { name: 'Count', value: '3' },
      { name: 'Join', value: { $secret: 'join-password' }, hidden: true },
    ]);
    const [group, step] = sequence!.items as [Group, Step];
    expect(group).toMatchObject({
      kind: 'group',
      name: 'Install',
      continueOnError: true,
      condition: { kind: 'variable', variable: '_SMSTSInWinPE', operator: 'equals', value: 'true' },
    });
    expect(group.items[0]).toEqual({
      kind: 'step',
      type: 'set-task-sequence-variable',
      name: 'Greet',
      description: '',
      disabled: true,
      continueOnError: false,
      environments: ['boot', 'deployed'],
      successCodes: [0],
      retryCount: 0,
      timeoutSeconds: 60,
      settings: { variable: 'Greeting', value: { deep: [1, { $secret: 'other' }] } },
      place: { file: '/site/sequences/debian.yaml', line: 9, column: 9, path: '/Install/Greet' },
    });
    expect(step.condition).toEqual({
      kind: 'all',
      operands: [{ kind: 'none', operands: [{ kind: 'variable', variable: 'X', operator: 'exists' }] }],
    });
    // Not stated: the step's type decides.
    expect(step.environments).toEqual([]);
    expect(step.successCodes).toEqual([0, 3010]);
  });

  it('finds the place of a setting, of its key, and of what is missing', () => {
    const text = 'name: x\nsteps:\n  - step: a\n    disk:\n      rule: largest\n';
    const { sequence, locate } = readYamlSequence(text, 'f');
    const step = sequence?.items[0] as Step;
    expect(locate(step, ['disk', 'rule'])).toEqual({ file: 'f', line: 5, column: 13, path: '/a' });
    expect(locate(step, ['disk', 'rule'], 'key')).toMatchObject({ line: 5, column: 7 });
    expect(locate(step, ['disk', 'serial'])).toMatchObject({ line: 4, column: 5 });
    expect(locate(undefined, ['name'])).toEqual({ file: 'f', line: 1, column: 7 });
  });

  it('goes on behind a mistake, so that settings of the same step are checked as well', () => {
    const { sequence, problems } = readYamlSequence('name: x\nsteps: [{ step: a, runIn: moon, size: 3 }]', 'f');
    expect(problems).toHaveLength(1);
    expect(sequence?.items).toMatchObject([{ type: 'a', settings: { size: 3 } }]);
  });

  it('refuses what is too large or too deep without reading it', () => {
    for (const text of [`name: ${'x'.repeat(3_000_000)}`, `steps: ${'['.repeat(100_000)}`, '- '.repeat(100_000)]) {
      const { sequence, problems } = readYamlSequence(text, 'f');
      expect(sequence).toBeUndefined();
      expect(problems.map(({ code }) => code)).toEqual(['BW-SEQUENCE-007']);
    }
  });

  it('survives any damage to a file: problems, never an exception', () => {
    const text = readFileSync(join(fixtures, 'mistakes.yaml'), 'utf8');
    const piece = fc.oneof(
      fc.string({ maxLength: 4 }),
      fc.constantFrom(
        ': ',
        '- ',
        '\n',
        '  ',
        '{',
        '}',
        '[',
        ']',
        '!secret',
        '&a ',
        '*a',
        '---\n',
        '"',
        '\t',
        '? ',
        '|\n',
        '__proto__: 1\n',
        '\u0000',
        '!!js/function ',
      ),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(text.length), fc.nat(40), piece), { maxLength: 6 }), (edits) => {
        let damaged = text;
        for (const [at, length, insert] of edits) damaged = damaged.slice(0, at) + insert + damaged.slice(at + length);
        const { problems } = readYamlSequence(damaged, 'f');
        const lines = damaged.split(/\r\n|\r|\n/).length;
        for (const problem of problems) {
          expect(problem.line).toBeGreaterThan(0);
          expect(problem.line).toBeLessThanOrEqual(lines);
          expect(problem.column).toBeGreaterThan(0);
        }
      }),
      { numRuns: 300 },
    );
  });
});
