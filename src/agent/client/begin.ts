import { mkdir, rm } from '../../host/files.ts';
import { BootwrightError } from '../../model/error.ts';
import type { Policy } from '../../model/policy.ts';
import type { Offer, PolicyGrant } from '../../model/protocol.ts';
import type { AgentContext } from '../context.ts';
import { tpmKeeper, withTpm } from '../key-keepers.ts';
import { renewedToken } from '../online/boot.ts';
import { OnlineContent } from '../online/content.ts';
import { enrolTpm, type LendTpm, proveByTpm } from '../online/enrolment.ts';
import { obtainGrant, openGrantedPolicy } from '../online/grant.ts';
import { isRefusable, needsNobody } from '../online/offers.ts';
import { awaitRelease } from '../online/release.ts';
import { newReports, Reports, readSavedReports } from '../online/reports.ts';
import { stateFolder } from '../paths.ts';
import { asBootwrightError } from '../refusal.ts';
import { runnablePolicy } from '../saved-run.ts';
import { sessionSecret } from '../target-secrets.ts';
import { createVault } from '../vault.ts';
import { bootNeed } from './boot-need.ts';
import { sealHandover } from './handover.ts';
import { bootId, type ClientRun, remember } from './history.ts';
import { dismiss, type Inquiry } from './inquire.ts';
import { prepareHere, startService } from './prepare-here.ts';
import { stageBootImage, writeHandover } from './stage.ts';
import { startStaged, unstage } from './staged.ts';

const patience = 2 * 60_000;

/**
 * Gets the policy of one offer and begins its run: here, or in the boot environment. Until then nothing but the staged
 * boot image was written, and that is taken back. Returns what happens now.
 *
 * @throws BW-AGENT-037, -042, -043, -051 to -054
 */
export async function beginRun(
  context: AgentContext,
  inquiry: Inquiry,
  wanted: string,
  attended: boolean,
  lendTpm: LendTpm = (use) => withTpm(context.paths.tpm, use),
): Promise<'restarts' | 'runs'> {
  const released = await release(context, inquiry, { wanted, attended, lendTpm });
  const { online, session, mark } = inquiry;
  const { root, logs } = context.paths;
  const { policy, grant, offer } = released;
  const warn = (text: string): void => context.emit({ type: 'log', severity: 'warning', component: 'Agent', text });
  const about = {
    deployment: offer.deployment,
    servers: online.servers.origins,
    authority: online.settings.authority,
    network: online.network.settings,
  };
  const reports = new Reports({
    ...{ servers: online.servers, session: session.id, clock: context.clock, warn, logs, patience },
    saved: newReports(about),
    serial: () => online.reader.serial,
  });
  context.record.listen((event) => reports.add(event));
  context.emit({ type: 'machine.recognised', mediumId: mark, facts: await context.machine.facts(), resumed: false });
  reports.start();
  try {
    const need = bootNeed(policy.sequence);
    const token = renewedToken(context, online, session.id, grant);
    const tpm = await tpmKeeper(context.paths.tpm, warn);
    const handOver = async (): Promise<void> => {
      if (need === 'never') return;
      const staged = await stage(context, inquiry, grant, token);
      await reports.save(root);
      const saved = (await readSavedReports(root)) ?? newReports(about);
      const secrets = { session: session.id, key: session.key };
      const terms = isRefusable(offer) ? {} : { refusable: false as const };
      const facts = { mark, deployment: offer.deployment, reports: saved, ...terms };
      await writeHandover(context, staged, grant.bootImage ?? {}, await sealHandover(facts, secrets, tpm));
    };
    const begun: ClientRun = {
      ...{ run: reports.run, mark, deployment: offer.deployment, name: offer.name, session: session.id },
      ...{
        begun: context.clock.now().toISOString(),
        boot: await bootId(root),
        where: need === 'first' ? 'boot' : 'here',
      },
    };
    await handOver();
    if (need === 'first') {
      await rm(`${root}/${stateFolder}/report.json`, { force: true });
      await remember(begun, root);
      await startStaged(root, mark);
      context.emit({
        type: 'restart.requested',
        target: 'boot',
        message: `"${offer.name}" begins in the boot environment`,
      });
      return 'restarts';
    }
    const content = new OnlineContent({
      ...{ context, policy, servers: online.servers, token },
      ...{ authority: online.settings.authority, network: online.network },
    });
    await mkdir(`${root}/${stateFolder}`, { recursive: true, mode: 0o700 });
    await content.cache(root);
    await reports.save(root);
    await prepareHere(context, policy, mark, tpm === undefined ? undefined : await createVault(mark, [tpm]), need);
    await remember(begun, root);
    await startService(root);
    return 'runs';
  } catch (error) {
    const { code, message } = asBootwrightError(error);
    context.emit({ type: 'agent.refused', code, message });
    context.emit({
      type: 'sequence.failed',
      name: offer.name,
      step: 'before the first step',
      code: 1,
      message,
      error: code,
    });
    await context.record.flush();
    await unstage(root);
    await rm(`${root}/${stateFolder}`, { recursive: true, force: true });
    await reports.finish();
    throw error;
  }
}

interface ReleasedPolicy {
  readonly policy: Policy;
  readonly grant: PolicyGrant;
  readonly offer: Offer;
}

async function release(
  context: AgentContext,
  inquiry: Inquiry,
  { wanted, attended, lendTpm }: { readonly wanted: string; readonly attended: boolean; readonly lendTpm: LendTpm },
): Promise<ReleasedPolicy> {
  const { online, session, mark } = inquiry;
  const byTpm = await proveByTpm(context, online, session, lendTpm);
  const isOpen = needsNobody(inquiry.registration.offers, wanted, byTpm);
  if (inquiry.registration.release === 'password' && !attended && !isOpen) {
    await dismiss(inquiry);
    throw new BootwrightError(
      'BW-AGENT-054',
      `"${wanted}" is protected by a password, and nobody is here to type it.`,
      {
        fix: `Run on this machine: sudo bootwright-agent run ${wanted}`,
      },
    );
  }
  const registration = isOpen ? inquiry.registration : await awaitRelease(context, online, session);
  if (registration === undefined)
    throw new BootwrightError('BW-AGENT-054', `Nobody released "${wanted}" to this machine in time.`);
  const offer = registration.offers.find(({ deployment }) => deployment.toLowerCase() === wanted.toLowerCase());
  if (offer === undefined) throw new BootwrightError('BW-AGENT-043', `"${wanted}" is not offered to this machine.`);
  const grant = await obtainGrant(context, online, session, offer, isOpen ? 'none' : registration.release);
  const granted = openGrantedPolicy(grant, session.key, { mediumId: mark, keys: online.settings.keys });
  const secrets = { ...granted.secrets, [sessionSecret]: session.id };
  const policy = runnablePolicy({ ...granted, secrets });
  for (const value of [...Object.values(secrets), grant.contentToken]) context.mask.add(value);
  context.emit({ type: 'agent.phase', name: 'policy', text: `${offer.name} (${grant.deployment})` });
  await enrolTpm(context, online, session, grant, lendTpm);
  return { policy, grant, offer };
}

function stage(
  context: AgentContext,
  { online, mark }: Inquiry,
  grant: PolicyGrant,
  token: ReturnType<typeof renewedToken>,
) {
  const { bootImage } = grant;
  if (bootImage === undefined)
    throw new BootwrightError(
      'BW-AGENT-051',
      'The sequence needs the boot environment, and the site has no boot image for it.',
      {
        fix: 'Run on the server: bootwright boot-image build',
      },
    );
  return stageBootImage(context, { image: bootImage, servers: online.servers, token, mark });
}
