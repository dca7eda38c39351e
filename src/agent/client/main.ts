import { parseArgs } from 'node:util';
import { SecretMask } from '../../engine/mask.ts';
import { now, sleep } from '../../host/clock.ts';
import { exists, readBytes, readText, writeAtomically } from '../../host/files.ts';
import { restartMachine } from '../../host/power.ts';
import { openSerialPort } from '../../host/serial-port.ts';
import { isRoot } from '../../host/user.ts';
import { LinuxMachine } from '../../machine/linux/machine.ts';
import { BootwrightError } from '../../model/error.ts';
import { consoleLine } from '../console-lines.ts';
import type { AgentContext } from '../context.ts';
import { eventPortFromFirmware } from '../event-port.ts';
import { ownTerminal } from '../own-terminal.ts';
import { stateFile } from '../paths.ts';
import { openRecord } from '../record.ts';
import { recordThisMachine } from '../record-this-machine.ts';
import { asBootwrightError } from '../refusal.ts';
import { joinConsoles } from '../terminal.ts';
import { beginRun } from './begin.ts';
import { judgeOffers, localTime } from './due.ts';
import { readHistory, runUnderWay } from './history.ts';
import { dismiss, type Inquiry, inquire } from './inquire.ts';
import { install, remove } from './install.ts';
import { withLock } from './lock.ts';
import { clientPaths, clientPlaces } from './places.ts';
import { settle } from './settle.ts';

const usage = `usage: bootwright-agent COMMAND

  status            what was last heard of the site, and what ran
  list              asks the site what this machine may run
  run DEPLOYMENT    runs one of them now, whatever the maintenance windows are
  check             what the timer does: runs what is required and due
  record [FILE]     writes the record of this machine
  remove            removes the agent from this system
`;

/** The agent as a command of a running system; its exit code. */
export async function runClient(args: readonly string[], root = '/'): Promise<number> {
  try {
    const { positionals, values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { from: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    });
    const [verb = 'help', operand = ''] = positionals;
    if (values.help === true) return say(usage);
    switch (verb) {
      case 'status':
        return await status(root);
      case 'list':
        return await withContext(root, false, list);
      case 'run':
        if (operand === '') break;
        return await withLock(root, () => withContext(root, true, (context) => run(context, operand)));
      case 'check':
        return await withLock(root, () => withContext(root, false, check));
      case 'install':
        await install(values.from ?? clientPlaces(root).folder, root);
        return say('The agent is installed: it asks the site every 15 minutes. See: bootwright-agent list\n');
      case 'remove':
        await remove(root);
        return say('The agent is removed.\n');
      case 'record':
        return await record(operand);
    }
    process.stderr.write(usage);
    return 2;
  } catch (error) {
    const { code, message, fix, exitCode } = asBootwrightError(error);
    process.stderr.write(`${code} ${message}\nFix: ${fix}\n`);
    return exitCode;
  }
}

interface LastHeard {
  readonly at: string;
  readonly site: string;
  readonly server: string;
  readonly lines: readonly string[];
}

async function status(root: string): Promise<number> {
  const heard = await readText(`${clientPlaces(root).state}/heard.json`)
    .then((text) => JSON.parse(text) as LastHeard)
    .catch(() => undefined);
  if (heard === undefined) say('Nothing was heard of the site yet, or this is not for you to read: try sudo.\n');
  else say(`${heard.site} at ${heard.server}, ${localTime(new Date(heard.at))}:\n${lines(heard.lines)}`);
  const going = await runUnderWay(root);
  if (going !== undefined) say(`Under way: ${going.name}\n`);
  for (const { name, begun, result, text = '' } of await readHistory(root))
    say(`${localTime(new Date(begun))}  ${name}: ${result ?? 'begun'}${text === '' ? '' : `. ${text}`}\n`);
  return 0;
}

async function list(context: AgentContext): Promise<number> {
  const inquiry = await inquire(context);
  await dismiss(inquiry);
  return say(lines(await hear(context, inquiry)));
}

async function check(context: AgentContext): Promise<number> {
  await settle(context);
  const going = await underWay(context.paths.root);
  if (going !== undefined) return say(`Under way: ${going}\n`);
  const inquiry = await inquire(context);
  say(lines(await hear(context, inquiry)));
  const due = judgeOffers(inquiry.registration, now()).find(({ state }) => state === 'due');
  if (due !== undefined) return begin(context, inquiry, due.offer.deployment, false);
  await dismiss(inquiry);
  return 0;
}

async function run(context: AgentContext, wanted: string): Promise<number> {
  await settle(context);
  const going = await underWay(context.paths.root);
  if (going !== undefined) throw new BootwrightError('BW-AGENT-055', `"${going}" is under way on this machine.`);
  return begin(context, await inquire(context), wanted, true);
}

/** A run of ours, or the one that is still deploying this very system. */
async function underWay(root: string): Promise<string | undefined> {
  const going = await runUnderWay(root);
  if (going !== undefined) return going.name;
  return (await exists(`${root}/${stateFile}`)) ? 'the deployment of this system' : undefined;
}

async function begin(context: AgentContext, inquiry: Inquiry, wanted: string, attended: boolean): Promise<number> {
  const next = await beginRun(context, inquiry, wanted, attended);
  if (next === 'restarts') return context.restart();
  return say(`"${wanted}" runs. Follow it: journalctl -fu bootwright-agent\n`);
}

async function record(file: string): Promise<number> {
  const { text, unread } = await recordThisMachine(file === '' ? undefined : file, false);
  if (file === '') say(text);
  for (const what of unread) process.stderr.write(`Not read without being root: ${what}\n`);
  return 0;
}

/** What the site says, as lines; kept for `status`. */
async function hear({ paths }: AgentContext, { registration, online }: Inquiry): Promise<string[]> {
  const { machine, offers, release, reason } = registration;
  const said = [
    `This machine is ${machine.name} (${machine.state})${release === 'refused' ? `: ${reason ?? 'refused'}` : ''}`,
    ...(release === 'approval' && offers.length === 0
      ? ['What there is for it is said once somebody has approved it.']
      : []),
    ...judgeOffers(registration, now()).map(({ offer, why }) => `${offer.deployment}  ${offer.name}: ${why}`),
  ];
  const heard: LastHeard = {
    ...{ at: now().toISOString(), site: online.settings.siteName, lines: said },
    server: online.servers.origins[0] ?? '',
  };
  await writeAtomically(`${clientPlaces(paths.root).state}/heard.json`, `${JSON.stringify(heard)}\n`, 0o644);
  return said;
}

async function withContext(
  root: string,
  attended: boolean,
  use: (context: AgentContext) => Promise<number>,
): Promise<number> {
  const context = await openContext(root, attended);
  try {
    return await use(context);
  } finally {
    context.terminal.close();
    await context.record.flush();
  }
}

async function openContext(root: string, attended: boolean): Promise<AgentContext> {
  if (!isRoot())
    throw new BootwrightError('BW-AGENT-050', 'Only root can ask the site for this machine.', {
      fix: 'Run it with sudo.',
    });
  const paths = clientPaths(root);
  const mask = new SecretMask();
  const port = eventPortFromFirmware(await readBytes(paths.firmwareTables).catch(() => new Uint8Array()));
  const record = await openRecord({
    ...{ folder: paths.logs, mask },
    port: port === undefined ? undefined : openSerialPort(port),
  });
  const machine = new LinuxMachine({ environment: 'deployed' });
  record.listen((event) => {
    const line = event.type === 'prompt.shown' ? `Bootwright: ${event.text}` : consoleLine(event);
    // Pages are shown instead where there is a terminal.
    if (line !== undefined && !(attended && event.type === 'prompt.shown')) say(`${line}\n`);
  });
  return {
    terminal: attended ? ownTerminal() : joinConsoles([]),
    emit: (event) => record.emit(event),
    ...{ record, machine, paths, mask, clock: { now, sleep } },
    async restart() {
      await record.drain();
      await machine.close().catch(() => undefined);
      return restartMachine('deployed');
    },
    async turnOff() {
      throw new Error('only a machine that was captured is turned off');
    },
  };
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join('');
}

function say(text: string): 0 {
  process.stdout.write(text);
  return 0;
}
