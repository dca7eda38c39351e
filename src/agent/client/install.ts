import { chmod, copyFile, exists, mkdir, readdir, rename, rm, stat, writeAtomically } from '../../host/files.ts';
import { run } from '../../host/process.ts';
import { isRoot } from '../../host/user.ts';
import { BootwrightError } from '../../model/error.ts';
import { agentPaths, recordFolder } from '../paths.ts';
import { runUnderWay } from './history.ts';
import { clientPaths, clientPlaces, serviceName, timerName } from './places.ts';
import { unstage } from './staged.ts';

const minutes = 15;

/**
 * Installs the agent from an unpacked package (`node`, `program/`, `etc/`), or exchanges one that is there; what it
 * remembers stays. @throws BW-AGENT-050
 */
export async function install(from: string, root = '/'): Promise<void> {
  await checkSystem(root);
  const places = clientPlaces(root);
  for (const part of ['node', 'program/agent.mjs', 'etc/server.json', 'etc/ca.pem', 'etc/keys'])
    if (!(await exists(`${from}/${part}`)))
      throw new BootwrightError('BW-AGENT-050', `${from} is no package of the agent: ${part} is missing.`);
  const fresh = `${places.folder}.new`;
  const old = `${places.folder}.old`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true, mode: 0o755 });
  for (const part of ['node', 'program', 'etc']) await copyTree(`${from}/${part}`, `${fresh}/${part}`);
  await chmod(`${fresh}/node`, 0o755);
  await rm(old, { recursive: true, force: true });
  if (await exists(places.folder)) await rename(places.folder, old);
  await rename(fresh, places.folder);
  await rm(old, { recursive: true, force: true });
  await mkdir(places.state, { recursive: true, mode: 0o700 });
  const { node, program } = clientPaths(root);
  const command = `${node} ${program}/agent.mjs client`;
  await writeAtomically(places.command, `#!/bin/sh\nexec ${command} "$@"\n`, 0o755);
  await writeAtomically(places.service, serviceUnit(command));
  await writeAtomically(places.timer, timerUnit);
  await run('systemctl', ['daemon-reload']);
  await run('systemctl', ['enable', '--now', timerName]);
}

/** Removes everything of it but the logs of runs. @throws BW-AGENT-050, BW-AGENT-055 a run is under way */
export async function remove(root = '/'): Promise<void> {
  await checkSystem(root);
  const going = await runUnderWay(root);
  if (going !== undefined)
    throw new BootwrightError('BW-AGENT-055', `"${going.name}" is under way on this machine. Nothing was removed.`);
  const places = clientPlaces(root);
  await unstage(root);
  await run('systemctl', ['disable', '--now', timerName], { accept: [1, 5] });
  for (const path of [places.timer, places.service, places.command, places.folder, places.state])
    await rm(path, { recursive: true, force: true });
  await rm(`${root}/${recordFolder}/client`, { recursive: true, force: true });
  await run('systemctl', ['daemon-reload']);
}

async function checkSystem(root: string): Promise<void> {
  if (!isRoot())
    throw new BootwrightError('BW-AGENT-050', 'The agent is installed and removed by root only.', {
      fix: 'Run it with sudo.',
    });
  if (!(await exists(`${root}/run/systemd/system`)))
    throw new BootwrightError('BW-AGENT-050', 'This system is not run by systemd, which starts the agent.');
  if (await exists(agentPaths('boot', root).settled))
    throw new BootwrightError('BW-AGENT-050', 'This is the boot environment, not an installed system.');
}

async function copyTree(from: string, to: string): Promise<void> {
  if ((await stat(from)).isDirectory()) {
    await mkdir(to, { recursive: true, mode: 0o755 });
    for (const name of await readdir(from)) await copyTree(`${from}/${name}`, `${to}/${name}`);
  } else await copyFile(from, to);
}

// Not killed when a run restarts the machine, and not while somebody still has to approve.
const serviceUnit = (command: string): string => `[Unit]
Description=Bootwright agent: asks the site what this machine is to run
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
ExecStart=${command} check
TimeoutStartSec=infinity
Nice=5
`;

const timerUnit = `[Unit]
Description=Bootwright agent: asks every ${minutes} minutes

[Timer]
OnBootSec=1min
OnUnitInactiveSec=${minutes}min
RandomizedDelaySec=30s
Unit=${serviceName}

[Install]
WantedBy=timers.target
`;
