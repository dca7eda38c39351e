import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { prepareHere } from '../../../src/agent/client/prepare-here.ts';
import type { AgentMachine } from '../../../src/agent/context.ts';
import { deployed } from '../../../src/agent/deployed.ts';
import { agentPaths } from '../../../src/agent/paths.ts';
import { sessionSecret } from '../../../src/agent/target-secrets.ts';
import type { EventBody } from '../../../src/model/event.ts';
import type { Policy } from '../../../src/model/policy.ts';
import type { Step } from '../../../src/model/sequence.ts';
import { newKey } from '../medium-tree.ts';
import { onlinePolicy } from '../online/online-run.ts';
import { scripted } from '../scripted.ts';

const mark = 'ab'.repeat(16);
let root: string;
let commands: string[];
let events: EventBody[];

function step(name: string, settings: Step['settings']): Step {
  return {
    ...{ kind: 'step', name, description: '', disabled: false, continueOnError: false, place: { file: 't' } },
    ...{ type: 'SMS_TaskSequence_RunCommandLineAction', settings, environments: ['deployed'] },
    ...{ successCodes: [0], retryCount: 0, timeoutSeconds: 0 },
  };
}

function policyOf(items: Step[]): Policy {
  const base = onlinePolicy(newKey());
  return {
    ...base,
    mediumId: mark,
    secrets: { [sessionSecret]: 'the session', used: 'used here', unused: 'used elsewhere' },
    sequence: { ...base.sequence, name: 'Here', items, variables: [{ name: 'Where', value: 'lab' }] },
  };
}

function contextOf() {
  const machine: Partial<AgentMachine> = {
    ...{ kind: 'linux', environment: 'deployed', close: async () => undefined },
    facts: async () => ({ firmware: 'bios', make: 'M', model: 'M', serialNumber: 'S', macAddresses: [] }) as never,
    copyIn: async (_, to) => {
      mkdirSync(dirname(to), { recursive: true });
      writeFileSync(to, '');
    },
    command: async ({ command }) => {
      commands.push(String(command));
      return { code: 0, timedOut: false, output: '' };
    },
  };
  const { context, events: said } = scripted([], {
    machine: machine as AgentMachine,
    paths: agentPaths('deployed', root),
  });
  events = said;
  return context;
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'here-'));
  commands = [];
});
afterEach(() => rmSync(root, { recursive: true }));

describe('a run that begins on a running system', () => {
  it('is begun anew by the agent of deployed systems, with the variables of its sequence, and leaves its mark', async () => {
    const context = contextOf();
    const policy = policyOf([step('First', { command: 'echo %Where%' })]);
    await prepareHere(context, policy, mark, undefined, 'never');
    await deployed(context);
    expect(commands).toEqual(['echo lab']);
    expect(events.map(({ type }) => type)).toContain('sequence.started');
    expect(events).toContainEqual(expect.objectContaining({ type: 'sequence.completed', name: 'Here' }));
    expect(readdirSync(join(root, 'var/log/bootwright'))).toContain(`finished.${mark.slice(0, 16)}`);
    expect(readdirSync(root)).not.toContain('_SMSTaskSequence');
  });

  it('writes only those secrets that steps here read, without a TPM', async () => {
    const context = contextOf();
    const policy = policyOf([step('First', { command: 'true', input: { $secret: 'used' } })]);
    await prepareHere(context, policy, mark, undefined, 'never');
    const folder = join(root, '_SMSTaskSequence');
    expect(JSON.parse(readFileSync(join(folder, 'secrets.json'), 'utf8'))).toEqual({
      policy: { [sessionSecret]: 'the session', used: 'used here' },
      variables: {},
    });
    expect(readFileSync(join(folder, 'state.json'), 'utf8')).not.toMatch(/used here|used elsewhere|the session/);
  });
});
