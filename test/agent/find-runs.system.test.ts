import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findRuns } from '../../src/agent/find-runs.ts';
import { leaveTarget } from '../../src/agent/finish.ts';
import { TargetJournal } from '../../src/agent/journal.ts';
import { createVault } from '../../src/agent/vault.ts';
import type { RunState } from '../../src/engine/state.ts';
import { LinuxMachine } from '../../src/machine/linux/machine.ts';
import { mediumId, newKey, policyOf } from './medium-tree.ts';

const run = (program: string, ...args: string[]): string => execFileSync(program, args, { encoding: 'utf8' });

let folder: string;
let image: string;

const state: RunState = {
  format: 'bootwright-run/1',
  runId: 'r',
  mediumId,
  sequence: 'x',
  position: 0,
  phase: 'ready',
  retries: {},
  variables: [],
  hidden: [],
  startedAt: '2026-06-01T10:00:00.000Z',
};

/** Runs something with the image as a disk of the machine; `at` is where its volume is mounted. */
async function withDisk<T>(file: string, use: (machine: LinuxMachine, disk: string) => Promise<T>): Promise<T> {
  const disk = run('losetup', '--find', '--show', file).trim();
  // Kernels without a parser for GPT on loop devices are told by hand; blank images have nothing to tell.
  run('partx', '--update', disk);
  const machine = new LinuxMachine({ environment: 'boot', runFolder: `${folder}/run`, sources: [], onlyDisks: [disk] });
  try {
    return await use(machine, disk);
  } finally {
    await machine.close();
    run('partx', '--delete', disk);
    run('losetup', '--detach', disk);
  }
}

function journalOn(root: string): TargetJournal {
  return new TargetJournal({
    environment: 'boot',
    policy: policyOf([], newKey()),
    vault: undefined,
    expiresAt: undefined,
    root: async () => root,
    logs: undefined,
    flush: async () => undefined,
    warn: () => undefined,
  });
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'find-runs-'));
  mkdirSync(`${folder}/run`);
  image = `${folder}/disk.img`;
  run('truncate', '-s', '64M', image);
  execFileSync('sfdisk', ['--quiet', image], { input: 'label: gpt\nsize=30M, type=L\ntype=L\n' });
  return withDisk(image, async (_, disk) => {
    run('mkfs.ext4', '-q', '-L', 'foreign', `${disk}p1`);
    run('mkfs.ext4', '-q', '-L', 'root', `${disk}p2`);
  });
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('findRuns on a real disk', () => {
  it('finds a run after a power cut, although its file system was never unmounted, and changes no byte', async () => {
    const cut = `${folder}/cut.img`;
    await withDisk(image, async (machine, disk) => {
      const root = await machine.mount(`${disk}p2`);
      await journalOn(root).save(state, {});
      // The disk as it is now, with everything that is only in memory missing.
      copyFileSync(image, cut);
    });
    const before = createHash('sha256').update(readFileSync(cut)).digest('hex');
    await withDisk(cut, async (machine, disk) => {
      const found = await findRuns(machine, mediumId);
      expect(found).toEqual([
        { kind: 'interrupted', disk, volume: expect.stringMatching(/^PARTUUID=/), finishedAt: '' },
      ]);
      await expect(findRuns(machine, 'f'.repeat(32))).resolves.toEqual([]);
    });
    expect(createHash('sha256').update(readFileSync(cut)).digest('hex')).toBe(before);
    // The proof that the power cut was one: the journal waits to be replayed.
    const offset = JSON.parse(run('sfdisk', '--json', cut)).partitiontable.partitions[1].start * 512;
    expect(run('dumpe2fs', '-h', `${cut}?offset=${offset}`)).toContain('needs_recovery');
  });

  it('finds a finished run after a power cut right behind the end', async () => {
    const cut = `${folder}/finished.img`;
    await withDisk(image, async (machine, disk) => {
      const root = await machine.mount(`${disk}p2`);
      await journalOn(root).save(state, {});
      await leaveTarget({ root, mediumId, logs: `${folder}/none`, finishedAt: new Date('2026-06-01T12:00:00Z') });
      copyFileSync(image, cut);
    });
    await withDisk(cut, async (machine) => {
      const found = await findRuns(machine, mediumId);
      expect(found).toMatchObject([{ kind: 'finished', finishedAt: '2026-06-01T12:00:00.000Z' }]);
    });
  });

  it('leaves no secret on the raw disk once it has gone', async () => {
    const policy = { ...policyOf([], newKey()), secrets: { join: 'planted-policy-secret' } };
    const keeper = {
      kind: 'password' as const,
      seal: async (key: Uint8Array) => key,
      open: async (key: Uint8Array) => key,
    };
    await withDisk(image, async (machine, disk) => {
      const root = await machine.mount(`${disk}p2`);
      const journal = new TargetJournal({
        environment: 'deployed',
        policy,
        vault: undefined,
        expiresAt: undefined,
        root: async () => root,
        logs: undefined,
        flush: async () => undefined,
        warn: () => undefined,
      });
      for (let round = 0; round < 5; round += 1) await journal.save(state, { Hidden: `planted-variable-${round}` });
      await machine.unmount(`${disk}p2`);
      expect(readFileSync(image).includes('planted-')).toBe(true);
      const again = await machine.mount(`${disk}p2`);
      const vault = await createVault(mediumId, [keeper]);
      writeFileSync(`${again}/_SMSTaskSequence/secrets.sealed`, vault!.seal({ policy, variables: {} }));
      await leaveTarget({ root: again, mediumId, logs: `${folder}/none`, finishedAt: undefined });
    });
    expect(readFileSync(image).includes('planted-')).toBe(false);
  });
});
