import { chmod, mkdir, readText, rm, symlink, writeAtomically } from '../../host/files.ts';
import { run } from '../../host/process.ts';
import { randomId } from '../../host/random.ts';
import { BootwrightError } from '../../model/error.ts';
import type { Policy } from '../../model/policy.ts';
import { unit, unitPath, wantedBy } from '../../steps/set-up-linux/service.ts';
import type { AgentContext } from '../context.ts';
import { TargetJournal } from '../journal.ts';
import { stateFile, stateFolder } from '../paths.ts';
import type { SavedRun } from '../saved-run.ts';
import type { Vault } from '../vault.ts';

/** Lays down what the agent finds after every restart, with nothing done yet. */
export async function prepareHere(
  context: AgentContext,
  policy: Policy,
  mark: string,
  vault: Vault | undefined,
  need: 'later' | 'never',
): Promise<void> {
  const { root, node, program } = context.paths;
  const volume = await rootVolume(root);
  if (volume === undefined && need === 'later')
    throw new BootwrightError(
      'BW-AGENT-051',
      'The root file system lies on no plain partition: the boot environment would not find the run again.',
    );
  const variables =
    volume === undefined ? [] : [{ name: 'BootwrightStateVolume', value: volume, origin: 'prompt' as const }];
  const journal = new TargetJournal({
    ...{ environment: 'boot', policy, vault, expiresAt: undefined, logs: undefined },
    root: async () => root,
    flush: async () => undefined,
    warn: (text) => context.emit({ type: 'log', severity: 'warning', component: 'Agent', text }),
  });
  const state = {
    ...{ format: 'bootwright-run/1' as const, runId: randomId(), mediumId: mark, sequence: '', position: 0 },
    ...{ phase: 'ready' as const, retries: {}, variables, hidden: [], startedAt: context.clock.now().toISOString() },
  };
  await journal.saveForDisk(state, {}, 0);
  const saved = JSON.parse(await readText(`${root}/${stateFile}`)) as SavedRun;
  await writeAtomically(`${root}/${stateFile}`, JSON.stringify({ ...saved, isNew: true }), 0o600);
  await context.machine.copyIn(node, `${root}/${stateFolder}/agent/node`);
  await context.machine.copyIn(program, `${root}/${stateFolder}/agent/program`);
  await chmod(`${root}/${stateFolder}/agent/node`, 0o755);
}

/** From now on the service goes on with the run, after every restart too. */
export async function startService(root: string): Promise<void> {
  await writeAtomically(`${root}${unitPath}`, unit);
  await rm(`${root}${wantedBy}`, { force: true });
  await mkdir(`${root}${wantedBy}`.replace(/\/[^/]*$/, ''), { recursive: true });
  await symlink(unitPath, `${root}${wantedBy}`);
  await run('systemctl', ['daemon-reload']);
  await run('systemctl', ['start', '--no-block', 'bootwright-agent.service']);
}

async function rootVolume(root: string): Promise<string | undefined> {
  const { stdout } = await run('findmnt', ['-n', '-r', '-o', 'PARTUUID', '--target', root], { accept: [1] });
  return stdout.trim() === '' ? undefined : `PARTUUID=${stdout.trim().toLowerCase()}`;
}
