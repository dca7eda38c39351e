import { SecretMask } from '../../engine/mask.ts';
import { foldersAbove, writeCpio } from '../../formats/cpio.ts';
import { now, sleep } from '../../host/clock.ts';
import { readBytes, readText, rm, writeAtomically } from '../../host/files.ts';
import { loadNextKernel } from '../../host/kexec.ts';
import { run } from '../../host/process.ts';
import { openSerialPort } from '../../host/serial-port.ts';
import { LinuxMachine } from '../../machine/linux/machine.ts';
import { BootwrightError } from '../../model/error.ts';
import { mediumParameter } from '../../model/medium.ts';
import type { NetworkSettings } from '../../model/network.ts';
import { InsideRoot } from '../../steps/inside-root.ts';
import { refuseDomainMember } from '../../steps/reference-system/fitness.ts';
import { volumeVariables } from '../../steps/volumes.ts';
import { confirm } from '../confirm.ts';
import type { AgentContext } from '../context.ts';
import { checkDates } from '../dates.ts';
import { eventPortFromFirmware } from '../event-port.ts';
import { openMedium } from '../medium.ts';
import { openByPerson } from '../open-secrets.ts';
import { ownTerminal } from '../own-terminal.ts';
import { agentPaths } from '../paths.ts';
import { openRecord } from '../record.ts';
import { asBootwrightError } from '../refusal.ts';
import { runnablePolicy } from '../saved-run.ts';
import { foreseeActions } from '../undertaking.ts';
import { startVerification } from '../verification.ts';
import { type HandedCapture, handedFile } from './handed.ts';
import { askAboutCapture } from './questions.ts';
import { networkOf, refuseVolatileMedium, systemDevice } from './running-system.ts';

/** The running system as seen from the medium's root, into which its script has changed (`templates/medium/capture.sh`). */
const outside = '/proc/1/root';
const declined = 3;

/**
 * Asks on the running reference system what a capture needs, and loads the boot environment that does it. Nothing of the
 * system is changed. Exit code: 0 loaded, 3 somebody decided otherwise.
 */
export async function captureHere(): Promise<number> {
  const paths = { ...agentPaths('boot'), keymaps: '/nonexistent' };
  const mask = new SecretMask();
  const port = eventPortFromFirmware(await readBytes(paths.firmwareTables).catch(() => new Uint8Array()));
  const record = await openRecord({
    ...{ folder: paths.logs, mask },
    port: port === undefined ? undefined : openSerialPort(port),
  });
  const machine = new LinuxMachine({ environment: 'deployed' });
  const leave = async (): Promise<never> => {
    await record.drain();
    context.terminal.close();
    process.exit(declined);
  };
  const context: AgentContext = {
    ...{ terminal: ownTerminal(), emit: (event) => record.emit(event), record, machine, paths, mask },
    ...{ clock: { now, sleep }, restart: leave, turnOff: leave },
  };
  record.emit({ type: 'agent.started', environment: 'deployed' });
  try {
    await load(context);
    return 0;
  } catch (error) {
    const { code, message, fix, exitCode } = asBootwrightError(error);
    context.emit({ type: 'agent.refused', code, message });
    context.terminal.close();
    process.stderr.write(`${code} ${message}\nFix: ${fix}\n`);
    return exitCode;
  } finally {
    context.terminal.close();
    await record.drain();
  }
}

async function load(context: AgentContext): Promise<void> {
  const { paths, terminal, machine, emit, mask } = context;
  const medium = await openMedium(paths);
  const { facts } = medium;
  terminal.setBanner({ organisation: 'Bootwright', label: facts.label });
  if (facts.kind !== 'capture' || facts.protection === 'locked')
    throw new BootwrightError('BW-AGENT-180', `This ${facts.kind} medium (${facts.protection}) only starts by itself.`);
  const mounts = await readText('/proc/1/mounts');
  refuseVolatileMedium(await readText('/proc/self/mounts'), paths.medium);
  const device = systemDevice(mounts);
  await refuseDomainMember(new InsideRoot(machine, outside));
  await refuseWithoutKexec();
  const verification = startVerification(context, medium);
  const opened = await openByPerson(context, medium, verification, false);
  const policy = runnablePolicy(opened.policy);
  for (const value of Object.values(policy.secrets)) mask.add(value);
  terminal.setBanner({ organisation: policy.organisation, label: facts.label });
  if (!(await checkDates(context, policy))) return void (await context.restart());
  await verification.finish();
  const asked = await askAboutCapture(context, policy, facts.keyboard);
  const shown = asked.filter(({ hidden }) => hidden !== true).map(({ name, value }) => `${name}: ${value}`);
  const undertaking = {
    ...{ sequence: policy.sequence.name, facts: await machine.facts(), targets: [] },
    actions: [...shown, 'This system ends now, and is captured from outside', ...foreseeActions(policy)],
    declines: 'ends, changes nothing',
  };
  if (!policy.unattended && !(await confirm(context, undertaking))) return void (await context.restart());
  const { partitionUuid } = await machine.volume(device);
  const handed: HandedCapture = {
    ...{ format: 'bootwright-capture/1', mediumId: facts.id, network: await ownNetwork() },
    ...(opened.password === undefined ? {} : { password: opened.password }),
    variables: [...asked, { name: volumeVariables.system, value: `PARTUUID=${partitionUuid}` }],
  };
  await loadBootEnvironment(paths.medium, handed);
  emit({ type: 'restart.requested', target: 'boot', message: 'The capture goes on in the boot environment.' });
}

/** Some systems do not let anybody start another kernel from this one. @throws BW-AGENT-183 */
async function refuseWithoutKexec(): Promise<void> {
  const said = async (path: string): Promise<string> => (await readText(path).catch(() => '')).trim();
  if ((await said('/sys/kernel/kexec_loaded')) !== '' && (await said('/proc/sys/kernel/kexec_load_disabled')) !== '1')
    return;
  throw new BootwrightError('BW-AGENT-183', 'This kernel cannot start another one (kexec). Nothing was changed.');
}

/** @throws BW-AGENT-183 the kernel refuses the other one, as under Secure Boot with a key it does not know */
async function loadBootEnvironment(medium: string, handed: HandedCapture): Promise<void> {
  const path = `etc/bootwright/${handedFile}`;
  const data = Buffer.from(JSON.stringify(handed));
  const answers = writeCpio([...foldersAbove([path]), { path, kind: 'file', mode: 0o600, data }]);
  const pieces: Uint8Array[] = [];
  for (const name of ['initramfs.img', 'medium.cpio']) {
    const bytes = await readBytes(`${medium}/boot/${name}`);
    // The kernel looks for the next archive at a border of 4 bytes.
    pieces.push(bytes, new Uint8Array((4 - (bytes.length % 4)) % 4));
  }
  const initramfs = '/tmp/initramfs';
  try {
    await writeAtomically(initramfs, Buffer.concat([...pieces, answers]), 0o600);
    await loadNextKernel({
      ...{ kernel: `${medium}/boot/vmlinuz`, initramfs },
      commandLine: `${mediumParameter}=${handed.mediumId} console=tty0 console=ttyS0,115200n8 quiet loglevel=3`,
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new BootwrightError('BW-AGENT-183', `The boot environment was not loaded: ${reason}`, { cause });
  } finally {
    await rm(initramfs, { force: true });
  }
}

async function ownNetwork(): Promise<NetworkSettings> {
  const { stdout: addresses } = await run('ip', ['-4', '-o', 'addr', 'show'], { accept: [1] });
  const { stdout: routes } = await run('ip', ['-4', 'route', 'show', 'default'], { accept: [1] });
  const [, name = ''] = /^default via \S+ dev (\S+)/m.exec(routes) ?? [];
  const mac = await readText(`/sys/class/net/${name}/address`).catch(() => '');
  // Behind systemd-resolved, /etc/resolv.conf names this machine.
  const files = ['run/systemd/resolve/resolv.conf', 'etc/resolv.conf'];
  const resolver = (await Promise.all(files.map((file) => readText(`${outside}/${file}`).catch(() => '')))).join('\n');
  return networkOf({ addresses, routes, resolver }, () => mac.trim());
}
