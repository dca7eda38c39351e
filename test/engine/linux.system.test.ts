import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { stateVariable } from '../../src/engine/state.ts';
import type { SimulatedMachine } from '../../src/machine/simulated/machine.ts';
import type { Step } from '../../src/model/sequence.ts';
import { findStepType, stepTypes } from '../../src/steps/index.ts';
import { type Bench, capture, makeOddTree, openBench, sh } from '../machine/linux/fixtures.ts';
import { resumeFrom, run, step, type TestOptions } from './harness.ts';

let bench: Bench;
beforeEach(() => {
  bench = openBench();
});
afterEach(() => bench.close());

function make(name: string, settings: Record<string, unknown> = {}, overrides: Partial<Step> = {}): Step {
  const type = findStepType(name)!;
  return step(name, {
    type: type.type,
    settings: settings as Step['settings'],
    environments: type.environments,
    ...overrides,
  });
}

function deploy(items: Step[], options: TestOptions = {}) {
  return run(items, {
    types: stepTypes,
    machine: bench.machine as unknown as SimulatedMachine,
    content: async (id) => ({
      id,
      kind: 'os-image',
      name: id,
      file: '',
      size: 1,
      sha256: '',
      path: join(bench.folder, id),
    }),
    ...options,
  });
}

const partition = make('format-and-partition-disk', {
  partitions: [{ type: 'linux', label: 'root', variable: 'OSDisk' }],
});

it('partitions a real disk, applies a real image and runs commands beside and inside it', async () => {
  const tree = join(bench.folder, 'tree');
  makeOddTree(tree);
  // A system that can run a shell: the programs of this machine, statically enough.
  for (const folder of ['bin', 'lib', 'lib64', 'usr/bin', 'tmp', 'proc', 'sys', 'dev', 'run'])
    mkdirSync(join(tree, folder), { recursive: true });
  sh(
    'bash',
    '-c',
    'cp "$(readlink -f /bin/sh)" "$0/bin/sh"; cp /bin/cat /usr/bin/timeout "$0/bin/"; for l in $(ldd /bin/sh /bin/cat /usr/bin/timeout | grep -o "/lib[^ ]*"); do mkdir -p "$0$(dirname $l)"; cp -L "$l" "$0$l"; done',
    tree,
  );
  capture(tree, join(bench.folder, 'odd.wim'));
  mkdirSync(join(bench.folder, 'tools/sub'), { recursive: true });
  writeFileSync(join(bench.folder, 'tools/sub/data'), 'from the package');
  bench.disk(200);
  const watch = watchProcesses('first secret', 'second secret');
  const { outcome, events } = await deploy(
    [
      partition,
      make('apply-operating-system-image', { image: 'odd.wim', label: 'root' }),
      make('run-command-line', {
        command: 'cat data',
        package: 'tools',
        workingDirectory: 'sub',
        outputVariable: 'Beside',
      }),
      make('run-command-line', {
        command: 'cat sub/data /usr/lib/first; echo $$',
        package: 'tools',
        root: true,
        outputVariable: 'Inside',
      }),
      make('run-command-line', {
        command:
          'cat; cat "$BOOTWRIGHT_SECRETS/join"; cat /usr/lib/first; exec 9<>/usr/lib/pipe; timeout 1 cat <&9 || true',
        root: true,
        input: { $secret: 'one' },
        secrets: { join: { $secret: 'two' } },
        outputVariable: 'Secrets',
      }),
      make('run-command-line', { command: 'exit 42' }, { successCodes: [42] }),
    ],
    { secrets: { one: 'first secret;', two: 'second secret' } },
  );
  expect(outcome).toMatchObject({ state: 'completed' });
  const values = Object.fromEntries(outcome.saved.variables.map(({ name, value }) => [name, value]));
  expect(values['Beside']).toBe('from the package');
  expect(values['Inside']).toMatch(/^from the packagefirst\n\d+$/);
  expect(outcome.secrets['Secrets']).toMatch(/^first secret;second secretfirst/);
  expect(watch.found()).toEqual([]);
  expect(JSON.stringify(events)).not.toMatch(/first secret|second secret/);
  const root = await bench.machine.mount(values['OSDisk']!);
  expect(existsSync(join(root, '_SMSTaskSequence/Packages/tools'))).toBe(false);
  expect(existsSync(join(root, 'run/bootwright-secrets'))).toBe(false);
  expect(sh('cat', '/proc/self/mounts')).not.toContain(join(root, 'proc'));
});

it('a command and its children end with the time limit', async () => {
  const marker = `${90_000 + (process.pid % 9_000)}`;
  const { outcome } = await deploy([
    make('run-command-line', { command: `sleep ${marker} & sleep ${marker}` }, { timeoutSeconds: 1 }),
  ]);
  expect(outcome).toMatchObject({ state: 'failed', error: 'BW-STEP-006' });
  expect(sh('bash', '-c', `grep -lz "^${marker}$" /proc/[0-9]*/cmdline 2>/dev/null || true`)).toBe('');
});

it('a power cut in the middle of applying leads to a clean volume', async () => {
  const tree = join(bench.folder, 'tree');
  makeOddTree(tree);
  // Incompressible, so that applying takes long enough to be interrupted.
  sh('bash', '-c', 'head -c 150M /dev/urandom > "$0/usr/random"', tree);
  capture(tree, join(bench.folder, 'odd.wim'));
  bench.disk(500);
  const items = [partition, make('apply-operating-system-image', { image: 'odd.wim' })];
  const controller = new AbortController();
  let saved: Parameters<typeof resumeFrom>[0];
  const first = deploy(items, {
    signal: controller.signal,
    journal: {
      save: async (state, secrets) => {
        saved = JSON.parse(JSON.stringify({ state, secrets }));
        if (state.position === 1 && state.phase === 'running') {
          const root = await bench.machine.mount(
            'LABEL' in state ? '' : state.variables.find(({ name }) => name === 'OSDisk')!.value,
          );
          mkdirSync(join(root, '_SMSTaskSequence'));
          writeFileSync(join(root, '_SMSTaskSequence/state.json'), JSON.stringify(saved));
          writeFileSync(join(root, 'leftover'), 'of an earlier attempt');
          // Not a polite end: the program that applies is killed, as by a power cut.
          execFile('bash', [
            '-c',
            'for i in $(seq 200); do p=$(pgrep -f "wimlib-imagex apply $0") && sleep 0.1 && kill -9 $p && exit; sleep 0.02; done',
            join(bench.folder, 'odd.wim'),
          ]);
        }
      },
    },
  });
  expect((await first).outcome).toMatchObject({ state: 'failed', error: 'BW-STEP-017' });
  await bench.machine.close();
  // What lies on the disk says "running": the engine that wrote it is gone.
  const later = bench.other();
  const volume = stateVariable(saved!.state, 'OSDisk')!;
  const root = await later.mount(volume);
  const resume = resumeFrom(JSON.parse(readFileSync(join(root, '_SMSTaskSequence/state.json'), 'utf8')));
  expect(resume.state.phase).toBe('running');
  const second = await deploy(items, { resume });
  expect(second.outcome).toMatchObject({ state: 'completed' });
  const whole = await later.mount(volume);
  expect(existsSync(join(whole, 'leftover'))).toBe(false);
  expect(existsSync(join(whole, '_SMSTaskSequence/state.json'))).toBe(true);
  expect(sh('cmp', join(tree, 'usr/random'), join(whole, 'usr/random'))).toBe('');
});

/** Looks into the arguments and the environment of every process, again and again, from outside. */
function watchProcesses(...texts: string[]): { found(): string[] } {
  const found = new Set<string>();
  let looks = 0;
  const look = (): void => {
    looks++;
    for (const id of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      for (const file of ['cmdline', 'environ']) {
        try {
          const content = readFileSync(`/proc/${id}/${file}`, 'utf8');
          if (texts.some((text) => content.includes(text))) found.add(`${id}/${file}: ${content}`);
        } catch {
          // It ended while we looked.
        }
      }
    }
  };
  const timer = setInterval(look, 20);
  return {
    found() {
      clearInterval(timer);
      expect(looks).toBeGreaterThan(20);
      return [...found];
    },
  };
}
