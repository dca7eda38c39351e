import { describe, expect, it } from 'vitest';
import { bootNeed } from '../../../src/agent/client/boot-need.ts';
import { readYamlSequence } from '../../../src/sequence/read-yaml.ts';

function need(steps: string): string {
  const { sequence } = readYamlSequence(`name: Test\nsteps:\n${steps}`, 'sequences/test.yaml');
  return bootNeed(sequence!);
}

const command = '  - { step: run-command-line, command: "true" }\n';
const partition = '  - { step: format-and-partition-disk, partitions: [{ type: linux, size: 100% }] }\n';
const restart = (target: string): string => `  - { step: restart-computer, target: ${target} }\n`;

describe('whether a sequence that is begun on a running system needs the boot environment', () => {
  it.each([
    ['no step of it runs there only', command + restart('disk'), 'never'],
    ['its first step runs there only', partition + command, 'first'],
    ['a later step does', command + partition, 'later'],
    ['a restart leads there', command + restart('boot'), 'later'],
    ['a restart may lead there', command + restart('"%Where%"'), 'later'],
    [
      'the first step is disabled',
      `  - { step: format-and-partition-disk, disabled: true, partitions: [{ type: linux, size: 100% }] }\n${command}`,
      'never',
    ],
  ])('%s', (_, steps, expected) => {
    expect(need(steps)).toBe(expected);
  });

  it('sees the usual guard of a group', () => {
    const guarded = `  - group: Install
    condition: { variable: _SMSTSInWinPE, operator: equals, value: 'true' }
    steps:
      - { step: run-command-line, command: 'true' }
${command}`;
    expect(need(guarded)).toBe('first');
  });
});
