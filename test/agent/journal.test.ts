import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { traceBelow } from '../../src/agent/find-runs.ts';
import { leaveTarget } from '../../src/agent/finish.ts';
import { TargetJournal } from '../../src/agent/journal.ts';
import { parseSavedRun, runnablePolicy, withoutSecrets } from '../../src/agent/saved-run.ts';
import { createVault, type KeyKeeper } from '../../src/agent/vault.ts';
import type { RunState } from '../../src/engine/state.ts';
import type { Policy } from '../../src/model/policy.ts';
import type { Step } from '../../src/model/sequence.ts';
import { mediumId, newKey, policyOf } from './medium-tree.ts';

const deployedStep: Step = {
  kind: 'step',
  name: 'Join',
  description: '',
  disabled: false,
  continueOnError: false,
  type: 'SMS_TaskSequence_RunCommandLineAction',
  settings: { command: 'join %JoinAccount%', input: { $secret: 'join-password' } },
  environments: ['deployed'],
  successCodes: [0],
  retryCount: 0,
  timeoutSeconds: 0,
  properties: [{ variable: 'Password', property: 'Password', value: 'planted-xml', hidden: true }],
};

const plain = policyOf([], newKey());
const policy: Policy = runnablePolicy({
  ...plain,
  secrets: { 'join-password': 'planted-join', 'disk-password': 'planted-disk' },
  sequence: {
    ...plain.sequence,
    items: [deployedStep],
    variables: [{ name: 'Hidden', value: 'planted-literal', hidden: true }],
    preserved: { elements: ['<secret>planted-preserved</secret>'] },
  },
});

const secrets = { JoinAccount: 'planted-account', LocalPassword: 'planted-local' };
const state: RunState = {
  format: 'bootwright-run/1',
  runId: 'r',
  mediumId,
  sequence: 'x',
  position: 0,
  phase: 'ready',
  retries: {},
  variables: [{ name: 'Visible', value: 'seen', origin: 'step' }],
  hidden: Object.keys(secrets),
  startedAt: '2026-06-01T10:00:00.000Z',
};

const keeper: KeyKeeper = {
  kind: 'tpm',
  seal: async (key) => key.map((byte) => byte ^ 0x5a),
  open: async (key) => key,
};

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'journal-'));
});
afterEach(() => rm(root, { recursive: true }));

async function journal(environment: 'boot' | 'deployed', kind: KeyKeeper['kind'] | 'none'): Promise<TargetJournal> {
  return new TargetJournal({
    environment,
    policy,
    vault: await createVault(mediumId, kind === 'none' ? [] : [{ ...keeper, kind }]),
    expiresAt: undefined,
    root: async () => root,
    logs: undefined,
    flush: async () => undefined,
    warn: () => undefined,
  });
}

const below = (name: string): string => join(root, '_SMSTaskSequence', name);

/** Every byte of every file below the target. */
async function everything(): Promise<string> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return (await Promise.all(files.map((file) => readFile(file, 'latin1')))).join('\n');
}

describe('TargetJournal', () => {
  it('keeps no secret in the clear with a vault', async () => {
    const kept = await journal('boot', 'tpm');
    await kept.save(state, secrets);
    await kept.saveForDisk(state, secrets, 1);
    expect(await everything()).not.toContain('planted');
    expect((await readdir(below(''))).sort()).toEqual(['run.0123456789abcdef', 'secrets.sealed', 'state.json']);
  });

  it.each(['none', 'password'] as const)(
    'without a TPM writes what the deployed system reads, late (%s)',
    async (kind) => {
      const kept = await journal('boot', kind);
      await kept.save(state, secrets);
      expect(await everything()).not.toContain('planted');
      await kept.saveForDisk(state, secrets, 1);
      const written = JSON.parse(await readFile(below('secrets.json'), 'utf8'));
      expect(written).toEqual({
        policy: { 'join-password': 'planted-join' },
        variables: { JoinAccount: 'planted-account' },
      });
      expect((await stat(below('secrets.json'))).mode & 0o777).toBe(0o600);
      expect((await stat(below(''))).mode & 0o777).toBe(0o700);
      expect(await readFile(below('state.json'), 'utf8')).not.toContain('planted');
    },
  );

  it('takes back what the deployed system could read when the boot environment goes on', async () => {
    await (await journal('boot', 'password')).saveForDisk(state, secrets, 1);
    const deployed = await journal('deployed', 'none');
    await deployed.saveForBoot(state, { ...secrets, Late: 'planted-late' });
    expect(await readFile(below('secrets.json'), 'utf8')).toContain('planted-late');
    await (await journal('boot', 'password')).save(state, { ...secrets, Late: 'planted-late' });
    expect(await everything()).not.toContain('planted');
  });

  it('says where the next start has to come from', async () => {
    const next = async (): Promise<unknown> => parseSavedRun(await readFile(below('state.json'), 'utf8')).next;
    const kept = await journal('boot', 'tpm');
    await kept.save(state, secrets);
    expect(await next()).toBe('boot');
    await kept.saveForDisk(state, secrets, 1);
    expect(await next()).toBe('disk');
    const later = await journal('deployed', 'tpm');
    await later.save(state, secrets);
    expect(await next()).toBe('disk');
    await later.saveForBoot(state, secrets);
    expect(await next()).toBe('boot');
  });

  it('is not lost with the memory once there is a volume, and says so', async () => {
    const homeless = new TargetJournal({
      environment: 'boot',
      policy,
      vault: undefined,
      expiresAt: undefined,
      root: async () => undefined,
      logs: undefined,
      flush: async () => undefined,
      warn: () => undefined,
    });
    await homeless.save(state, secrets);
    await expect(homeless.survivesRestart()).resolves.toBe(false);
    const kept = await journal('boot', 'tpm');
    await kept.save(state, secrets);
    await expect(kept.survivesRestart()).resolves.toBe(true);
  });
});

describe('leaveTarget', () => {
  const ending = { mediumId, logs: '', finishedAt: new Date('2026-06-01T12:00:00Z') };

  it('leaves the logs and the marker, and nothing else', async () => {
    const kept = await journal('deployed', 'none');
    await kept.save(state, secrets);
    await kept.saveForDisk(state, secrets, 1);
    execFileSync('mkdir', ['-p', `${root}/etc/systemd/system/multi-user.target.wants`, below('Logs/Smstslog')]);
    execFileSync('touch', [
      `${root}/etc/systemd/system/bootwright-agent.service`,
      `${root}/etc/systemd/system/multi-user.target.wants/bootwright-agent.service`,
      below('Logs/Smstslog/smsts.log'),
    ]);
    await leaveTarget({ ...ending, root, logs: below('Logs/Smstslog') });
    const left = (await readdir(root, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    expect(left.map((entry) => join(entry.parentPath, entry.name).slice(root.length)).sort()).toEqual([
      '/var/log/bootwright/finished.0123456789abcdef',
      '/var/log/bootwright/smsts.log',
    ]);
    await expect(traceBelow(root, mediumId)).resolves.toMatchObject({ kind: 'finished' });
  });

  it('leaves no marker after a failure, so the medium may begin again', async () => {
    await (await journal('deployed', 'none')).save(state, secrets);
    await leaveTarget({ ...ending, root, finishedAt: undefined });
    await expect(traceBelow(root, mediumId)).resolves.toBeUndefined();
  });

  it('takes itself for finished and not for interrupted when it is cut short', async () => {
    await (await journal('deployed', 'none')).save(state, secrets);
    await leaveTarget({ ...ending, root });
    await (await journal('deployed', 'none')).save(state, secrets);
    await expect(traceBelow(root, mediumId)).resolves.toMatchObject({ kind: 'finished' });
    await expect(traceBelow(root, 'f'.repeat(32))).resolves.toBeUndefined();
  });
});

describe('withoutSecrets', () => {
  it('has no value that is hidden', () => {
    expect(JSON.stringify(withoutSecrets(policy))).not.toContain('planted');
  });
});
