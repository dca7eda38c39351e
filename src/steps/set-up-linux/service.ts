import { BootwrightError } from '../../model/error.ts';
import { type LinuxTarget, readText, runInside, write } from './target.ts';

const folder = '/_SMSTaskSequence/agent';
export const unitPath = '/etc/systemd/system/bootwright-agent.service';
export const wantedBy = '/etc/systemd/system/multi-user.target.wants/bootwright-agent.service';

/** The service that goes on with a run in a deployed system. */
export const unit = `[Unit]
Description=Task sequence agent: finishes the deployment of this machine
ConditionPathExists=${folder}/program/agent.mjs
After=local-fs.target network.target systemd-hostnamed.service
StartLimitIntervalSec=300
StartLimitBurst=3

[Service]
Type=simple
ExecStart=${folder}/node ${folder}/program/agent.mjs deployed
Restart=on-failure
RestartSec=5
KillMode=mixed
StandardOutput=journal+console
StandardError=journal+console
# The agent removes itself when it is done; what it started has to live on.
SendSIGKILL=no

[Install]
WantedBy=multi-user.target
`;

/** Puts the agent and its Node on the volume and lets systemd start it. @throws BW-STEP-010, BW-STEP-019 */
export async function installAgent(target: LinuxTarget): Promise<void> {
  const { machine, root, context } = target;
  const { node, program } = context.run.agent;
  await machine.copyIn(node, `${root}${folder}/node`);
  await machine.copyIn(program, `${root}${folder}/program`);
  await write(target, unitPath, unit);
  await machine.link(unitPath, `${root}${wantedBy}`);
  await runInside(target, [`${folder}/node`, '--version']).catch((cause: unknown) => {
    throw new BootwrightError(
      'BW-STEP-010',
      `The agent's Node does not start in the applied system: ${cause instanceof Error ? cause.message : cause}`,
      { fix: 'The image needs glibc 2.28 or newer and the package libstdc++6.', cause },
    );
  });
}

/** @throws BW-STEP-018 */
export async function verifyAgent(target: LinuxTarget): Promise<void> {
  const { machine, root } = target;
  const names = await machine.list(`${root}${folder}`);
  const isThere = names.includes('node') && names.includes('program');
  const isEnabled = (await machine.readLink(`${root}${wantedBy}`)) === unitPath;
  if (!isThere || !isEnabled || (await readText(target, unitPath)) !== unit)
    throw new BootwrightError(
      'BW-STEP-018',
      `The agent was installed, but ${isThere ? 'its service is not enabled' : 'its files are missing'} when read back.`,
    );
}
