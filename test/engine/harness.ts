import { z } from 'zod';
import { SecretMask } from '../../src/engine/mask.ts';
import type { RunOutcome, RunSequenceOptions } from '../../src/engine/options.ts';
import { runSequence } from '../../src/engine/run.ts';
import type { Resume, RunSecrets, RunState } from '../../src/engine/state.ts';
import { SimulatedMachine } from '../../src/machine/simulated/machine.ts';
import { blankModel } from '../../src/machine/simulated/model.ts';
import type { EventBody } from '../../src/model/event.ts';
import type { Condition, Group, SequenceItem, SequenceVariable, Step } from '../../src/model/sequence.ts';
import type { StepContext, StepResult, StepType } from '../../src/model/step.ts';

export type Act = (context: StepContext, settings: Record<string, unknown>) => Promise<StepResult> | StepResult;

/** A step type whose behaviour is the test's. */
export function testType(act: Act, extra: Partial<StepType<Record<string, unknown>>> = {}): StepType {
  return {
    type: 'Test',
    name: 'test',
    aliases: [],
    title: 'Test',
    summary: '',
    settings: z.record(z.string(), z.unknown()),
    variables: {},
    environments: ['boot', 'deployed'],
    destructive: false,
    describe: () => 'tests',
    run: async (settings, _machine, context) => act(context, settings as Record<string, unknown>),
    ...extra,
  } as StepType;
}

export function step(name: string, overrides: Partial<Step> = {}): Step {
  return {
    kind: 'step',
    name,
    description: '',
    disabled: false,
    continueOnError: false,
    type: 'Test',
    settings: {},
    environments: ['boot', 'deployed'],
    successCodes: [0, 3010],
    retryCount: 0,
    timeoutSeconds: 0,
    ...overrides,
  };
}

export function group(name: string, items: SequenceItem[], overrides: Partial<Group> = {}): Group {
  return { kind: 'group', name, description: '', disabled: false, continueOnError: false, items, ...overrides };
}

export function variableIs(variable: string, value: string): Condition {
  return { kind: 'variable', variable, operator: 'equals', value };
}

export interface TestRun {
  readonly outcome: RunOutcome;
  readonly events: readonly EventBody[];
  /** `started:A`, `failed:B`, `skipped:C`, … */
  readonly story: readonly string[];
  readonly saves: readonly { state: RunState; secrets: RunSecrets }[];
  readonly machine: SimulatedMachine;
}

export interface TestOptions extends Partial<Omit<RunSequenceOptions, 'machine' | 'policy'>> {
  readonly types?: readonly StepType[];
  readonly sequenceVariables?: readonly SequenceVariable[];
  readonly secrets?: Record<string, string>;
  readonly machine?: SimulatedMachine;
}

export async function run(items: readonly SequenceItem[], options: TestOptions = {}): Promise<TestRun> {
  const events: EventBody[] = [];
  const saves: { state: RunState; secrets: RunSecrets }[] = [];
  const machine = options.machine ?? new SimulatedMachine(blankModel());
  const outcome = await runSequence({
    policy: {
      sequence: {
        id: 'test',
        name: 'Test sequence',
        description: '',
        dialect: 'yaml',
        variables: [],
        references: [],
        items,
      },
      variables: options.sequenceVariables ?? [],
      secrets: options.secrets ?? {},
      organisation: 'Example',
    },
    machine,
    run: { id: 'run', mediumId: 'medium', agent: { node: '/usr/bin/node', program: '/agent' } },
    content: async () => {
      throw new Error('no content in this test');
    },
    journal: {
      async save(state, secrets) {
        // What is not JSON would not survive the restart.
        saves.push(JSON.parse(JSON.stringify({ state, secrets })));
      },
    },
    emit: (event) => events.push(event),
    signal: new AbortController().signal,
    mask: new SecretMask(),
    stepTypes: options.types ?? [testType(() => ({ code: 0, message: 'done' }))],
    ...options,
  });
  return { outcome, events, story: events.flatMap(tell), saves, machine };
}

/** What a restart hands to the next run. */
export function resumeFrom(save: { state: RunState; secrets: RunSecrets } | undefined): Resume {
  if (save === undefined) throw new Error('nothing was saved');
  return structuredClone(save);
}

function tell(event: EventBody): string[] {
  if (!('name' in event) || event.type === 'variable.set') return [];
  const [kind = '', what = ''] = event.type.split('.');
  return [`${kind === 'step' ? '' : `${kind}-`}${what}:${event.name}`];
}
