import { loadNextKernel, startNextKernel } from '../../host/kexec.ts';
import { setSystemClock } from '../../host/system-clock.ts';
import { BootwrightError } from '../../model/error.ts';
import type { BootwrightEvent } from '../../model/event.ts';
import type { Policy } from '../../model/policy.ts';
import type { Offer, PolicyGrant } from '../../model/protocol.ts';
import type { SequenceVariable } from '../../model/sequence.ts';
import { askForVariables } from '../ask-variables.ts';
import { readHandover } from '../client/handover.ts';
import { confirm } from '../confirm.ts';
import type { AgentContext } from '../context.ts';
import { checkDates } from '../dates.ts';
import { deploy } from '../deploy.ts';
import { lookForEarlierRun } from '../earlier-run.ts';
import { tpmKeeper, withTpm } from '../key-keepers.ts';
import { findVariable, joinVariables, readPrestartVariables, runPrestart } from '../prestart.ts';
import { runnablePolicy } from '../saved-run.ts';
import { proxySecret, sessionSecret } from '../target-secrets.ts';
import { foresee } from '../undertaking.ts';
import { createVault } from '../vault.ts';
import { waitForDisks } from '../wait-for-disks.ts';
import { connect, type Doors } from './connect.ts';
import { OnlineContent } from './content.ts';
import type { ContentToken } from './content-servers.ts';
import { enrolTpm, proveByTpm } from './enrolment.ts';
import { obtainGrant, openGrantedPolicy } from './grant.ts';
import { goOnWithHandover } from './handed-over.ts';
import { type InterruptedOnline, openInterrupted, resumeWith } from './interrupted.ts';
import { leaveToDisk } from './leave-to-disk.ts';
import { machineNetwork } from './network.ts';
import { chooseOffer, isRefusable, needsNobody } from './offers.ts';
import { preflight, whileContentIsMissing } from './preflight.ts';
import { PrestagedContent } from './prestaged-content.ts';
import { awaitRelease } from './release.ts';
import { newReports, Reports } from './reports.ts';
import { type Online, register, requestGrant } from './session.ts';
import { startOnline } from './start.ts';

/** Without a medium there is none whose number runs could carry. */
const noMedium = '0'.repeat(32);
const patienceAtEnd = 2 * 60_000;
/** Names the deployment that is started without asking, also a hidden one: set by the medium or the prestart command. */
const preferredVariable = 'SMSTSPreferredAdvertID';

/** The boot environment's work when a server says what is to be done. Ends in a restart; the caller shows what is thrown. */
export async function deployFromServer(context: AgentContext, doors: Doors = realDoors(context)): Promise<never> {
  const { terminal, emit, machine, mask, record, clock, paths } = context;
  const { settings, prepare, verification, prestaged } = await startOnline(context);
  const handover = await readHandover(paths.etc);
  const mediumId = settings.medium?.id ?? handover?.mark ?? noMedium;
  const label = settings.medium?.label ?? '';
  terminal.setBanner({ organisation: settings.siteName, label });
  let tell: Pick<Reports, 'add'> | undefined;
  const untold: BootwrightEvent[] = [];
  record.listen((event) => void (tell === undefined ? untold.push(event) : tell.add(event)));
  emit({ type: 'machine.recognised', mediumId, facts: await machine.facts(), resumed: false });
  await runPrestart(context);
  await prepare();
  const early = joinVariables(settings.variables, await readPrestartVariables(context));
  await waitForDisks(context);

  const warn = (text: string): void => emit({ type: 'log', severity: 'warning', component: 'Agent', text });
  const tpm = await tpmKeeper(paths.tpm, warn);
  const keepers = tpm === undefined ? [] : [tpm];
  const { interrupted, startsAnew } = await lookForEarlierRun(context, mediumId, verification);
  const earlier = interrupted && (await openInterrupted(interrupted, mediumId, keepers));
  const kept = earlier?.reports?.network && {
    settings: earlier.reports.network,
    account: earlier.kept?.policy.secrets[proxySecret],
  };
  const online = await connect(context, settings, { serial: earlier?.reports?.serial ?? 0, kept }, doors);
  // Only now: a server has set the clock.
  if (earlier === undefined && !(await checkDates(context, settings.range))) return context.restart();
  const released: Released | undefined =
    handover !== undefined
      ? await goOnWithHandover(context, online, handover, keepers)
      : ((await goOnWithSession(context, online, earlier)) ??
        (await askForPolicy(context, online, { earlier, early }, doors)));
  if (released === undefined) return leaveToDisk(context, 'Nothing was released to this machine');

  const { session, grant } = released;
  mask.add(session);
  mask.add(grant.contentToken);
  const believed = earlier?.kept?.policy ?? {
    ...released.policy,
    variables: joinVariables(released.policy.variables, early),
  };
  const { settings: network, account } = online.network;
  const own = { [sessionSecret]: session, ...(account === undefined ? {} : { [proxySecret]: account }) };
  const policy = runnablePolicy({
    ...believed,
    ...(prestaged === undefined ? {} : { mediaKind: 'prestaged' as const }),
    secrets: { ...believed.secrets, ...own },
    unattended: believed.unattended || settings.unattended,
    allowShell: believed.allowShell || settings.allowShell,
  });
  for (const value of Object.values(policy.secrets)) mask.add(value);
  terminal.setBanner({ organisation: policy.organisation, label });
  if (earlier === undefined && !(await checkDates(context, policy))) return context.restart();
  const resume = earlier && resumeWith(earlier, policy);

  const { deployment } = grant;
  const about = { deployment, servers: online.servers.origins, authority: settings.authority, network };
  const isSameSession = session === earlier?.kept?.policy.secrets[sessionSecret];
  const reports = new Reports({
    ...{ servers: online.servers, session, clock, warn, logs: paths.logs, patience: patienceAtEnd },
    saved:
      (isSameSession || handover !== undefined ? earlier?.reports : undefined) ??
      handover?.reports ??
      newReports(about),
    serial: () => online.reader.serial,
  });
  await verification.finish();
  for (const event of untold.splice(0)) reports.add(event);
  tell = reports;
  const content = new OnlineContent({
    ...{ context, policy, servers: online.servers, authority: settings.authority, network: online.network },
    token: renewedToken(context, online, session, grant),
    ...(prestaged === undefined ? {} : { prestaged: new PrestagedContent(prestaged) }),
  });
  if (released.offer !== undefined) await preflight(context, policy, content, released.offer);
  const variables = earlier === undefined ? await askForVariables(context, policy) : [];
  if (earlier === undefined) {
    const undertaking = await foresee(context, policy, variables);
    const isAsked = startsAnew || !policy.unattended;
    const mayRefuse =
      startsAnew || (released.offer === undefined ? handover?.refusable !== false : isRefusable(released.offer));
    if (isAsked && !(await confirm(context, { ...undertaking, mayRefuse }))) return context.restart();
  }
  reports.start();
  return deploy(context, {
    ...{ policy, resume, reports, variables, expiresAt: interrupted?.saved.expiresAt },
    vault: earlier?.kept?.vault ?? (await createVault(mediumId, keepers)),
    content,
  });
}

interface Released {
  readonly session: string;
  readonly grant: PolicyGrant;
  readonly policy: Policy;
  /** Absent when a run goes on. */
  readonly offer?: Offer;
}

/** The session of the run that goes on still opens content; `undefined` when there is none, or the server forgot it. */
async function goOnWithSession(
  context: AgentContext,
  online: Online,
  earlier: InterruptedOnline | undefined,
): Promise<Released | undefined> {
  const policy = earlier?.kept?.policy;
  const session = policy?.secrets[sessionSecret];
  const deployment = earlier?.reports?.deployment;
  if (policy === undefined || session === undefined || deployment === undefined) return undefined;
  try {
    return { policy, session, grant: await requestGrant(context, online, session, { deployment }) };
  } catch (error) {
    const text = `The earlier session is of no use any more: ${(error as Error).message}`;
    context.emit({ type: 'log', severity: 'warning', component: 'Agent', text });
    return undefined;
  }
}

/** Registers, waits for a release, chooses, and gets the policy; `undefined` when nobody released or chose anything. */
async function askForPolicy(
  context: AgentContext,
  online: Online,
  { earlier, early }: { readonly earlier: InterruptedOnline | undefined; readonly early: readonly SequenceVariable[] },
  { lendTpm }: Doors,
): Promise<Released | undefined> {
  const { settings } = online;
  const session = await register(context, online);
  context.mask.add(session.id);
  const { machine, release } = session.registration;
  context.emit({ type: 'agent.phase', name: 'registered', text: `${machine.name} (${machine.state}): ${release}` });
  if (machine.state === 'unknown' && !settings.unknownComputers)
    throw new BootwrightError(
      'BW-AGENT-043',
      `This medium is for machines that ${settings.siteName} knows, and it does not know this one.`,
    );
  const preferred = earlier?.reports?.deployment ?? findVariable(early, preferredVariable);
  const byTpm = await proveByTpm(context, online, session, lendTpm);
  const isOpen = needsNobody(session.registration.offers, preferred, byTpm);
  const registration = isOpen ? session.registration : await awaitRelease(context, online, session);
  if (registration === undefined) return undefined;
  const offer = await chooseOffer(context, registration.offers, preferred);
  if (offer === undefined) return context.restart();
  const left = byTpm.has(offer.deployment) ? 'none' : registration.release;
  const grant = await whileContentIsMissing(context, () => obtainGrant(context, online, session, offer, left));
  const mediumId = settings.medium?.id ?? noMedium;
  const policy = openGrantedPolicy(grant, session.key, { mediumId, keys: settings.keys });
  context.emit({ type: 'agent.phase', name: 'policy', text: `${offer.name} (${grant.deployment})` });
  await enrolTpm(context, online, session, grant, lendTpm);
  return { session: session.id, grant, policy, offer };
}

/** What was released to a session stays released: another token is to be had by asking for the policy again. */
export function renewedToken(context: AgentContext, online: Online, session: string, first: PolicyGrant): ContentToken {
  let grant = first;
  const margin = 60_000;
  const renew = async (): Promise<void> => {
    grant = await requestGrant(context, online, session, { deployment: first.deployment });
    context.mask.add(grant.contentToken);
  };
  return {
    renew,
    async current() {
      if (Date.parse(grant.contentExpiresAt) - margin < context.clock.now().getTime()) await renew();
      return grant.contentToken;
    },
  };
}

function realDoors(context: AgentContext): Doors {
  return {
    network: machineNetwork(context),
    setClock: setSystemClock,
    lendTpm: (use) => withTpm(context.paths.tpm, use),
    async startKernel(next) {
      await loadNextKernel(next);
      await context.record.flush();
      await context.machine.close();
      await startNextKernel();
    },
  };
}
