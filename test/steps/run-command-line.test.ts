import { expect, it } from 'vitest';
import type { Machine } from '../../src/model/machine.ts';
import type { StepContext } from '../../src/model/step.ts';
import { runCommandLine } from '../../src/steps/run-command-line.ts';

/** What the step asks of the machine for content that lies at `path`. */
async function asked(kind: string, path: string, settings: object): Promise<unknown[]> {
  const calls: unknown[] = [];
  const machine = {
    environment: 'boot',
    command: async ({ directory, root }: { directory?: string; root?: string }) => {
      calls.push(['command', directory, root]);
      return { code: 0, output: '' };
    },
    volume: async (reference: string) => ({ reference }),
    mount: async () => '/target',
    copyIn: async (from: string, to: string) => calls.push(['copy', from, to]),
    remove: async (folder: string) => calls.push(['remove', folder]),
  } as unknown as Machine;
  const context = {
    content: async (id: string) => ({ id, kind, path }),
    variables: {
      holdsSecret: () => false,
      expand: (text: string) => text,
      get: () => '/dev/sda1',
      set: () => undefined,
    },
    log: () => undefined,
    signal: new AbortController().signal,
  } as unknown as StepContext;
  await runCommandLine.run(
    runCommandLine.settings.parse({ command: 'x', package: 'it', ...settings }),
    machine,
    context,
  );
  return calls;
}

it('runs a package in its folder, and a script in the folder it lies in', async () => {
  expect(await asked('package', '/c/it', {})).toEqual([['command', '/c/it', undefined]]);
  expect(await asked('script', '/c/it/clean.sh', {})).toEqual([['command', '/c/it', undefined]]);
});

it('takes either into the applied system, and out of it again', async () => {
  const place = '/target/_SMSTaskSequence/Packages/it';
  expect(await asked('script', '/c/it/clean.sh', { root: true })).toEqual([
    ['copy', '/c/it/clean.sh', `${place}/clean.sh`],
    ['command', '/_SMSTaskSequence/Packages/it', '/target'],
    ['remove', place],
  ]);
  expect((await asked('package', '/c/it', { root: true }))[0]).toEqual(['copy', '/c/it', place]);
});
