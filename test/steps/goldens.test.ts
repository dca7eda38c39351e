import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SimulatedMachine } from '../../src/machine/simulated/machine.ts';
import { blankModel, difference } from '../../src/machine/simulated/model.ts';
import type { Step } from '../../src/model/sequence.ts';
import { findStepType, stepTypes } from '../../src/steps/index.ts';
import { run, step } from '../engine/harness.ts';
import { dataImage, debianImage } from './fixtures.ts';

/**
 * `before.json`: the machine (what it adds to a blank one), the variables and the content beside images; `steps.json`: steps
 * in their YAML form;
 * `diff.json`: every bit of the machine and every variable that is then different, or the error.
 */
const folder = join(import.meta.dirname, '../goldens/steps');

describe.each(readdirSync(folder))('%s', (name) => {
  it('changes exactly what it should', async () => {
    const read = (file: string) => JSON.parse(readFileSync(join(folder, name, file), 'utf8'));
    const { machine, variables = {}, environment = 'boot', content = {} } = read('before.json');
    const model = { ...blankModel(machine), environment };
    const before = structuredClone(model);
    const { outcome } = await run(read('steps.json').map(toStep), {
      types: stepTypes,
      machine: new SimulatedMachine(model, {
        images: { '/medium/debian.wim#1': debianImage, '/medium/data.wim#1': dataImage },
      }),
      variables: Object.entries(variables).map(([key, value]) => ({ name: key, value: String(value) })),
      content: async (id) => ({
        id,
        kind: 'os-image' as const,
        name: id,
        file: '',
        size: 1,
        sha256: '',
        path: id in content ? `/medium/${id}` : `/medium/${id}.wim`,
        ...content[id],
      }),
    });
    const own = outcome.saved.variables
      .filter(({ origin }) => origin === 'step')
      .map(({ name: key, value }) => [key, value]);
    const result = {
      outcome: outcome.state === 'failed' ? { error: outcome.error, message: outcome.message } : outcome.state,
      machine: difference(before, model),
      variables: Object.fromEntries(own),
    };
    await expect(`${JSON.stringify(result, null, 2)}\n`).toMatchFileSnapshot(join(folder, name, 'diff.json'));
  });
});

function toStep({ step: name, ...settings }: { step: string }): Step {
  const type = findStepType(name)!;
  return step(type.title, { type: type.type, settings, environments: type.environments });
}
