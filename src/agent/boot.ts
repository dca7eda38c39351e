import { exists } from '../host/files.ts';
import type { Policy } from '../model/policy.ts';
import type { SequenceVariable } from '../model/sequence.ts';
import { askForVariables } from './ask-variables.ts';
import { handedFile, takeHanded } from './capture/handed.ts';
import type { prepareCapture as PrepareCapture } from './capture/prepare.ts';
import { handoverFile } from './client/handover.ts';
import { returnToDisk } from './client/return-to-disk.ts';
import { confirm, type Undertaking } from './confirm.ts';
import { mediumContent, type PlaceOfContent } from './content.ts';
import { readableContent } from './content-view.ts';
import type { AgentContext } from './context.ts';
import { checkDates } from './dates.ts';
import { deploy } from './deploy.ts';
import { lookForEarlierRun } from './earlier-run.ts';
import { openMedium, readMediumFacts } from './medium.ts';
import { openSecrets } from './open-secrets.ts';
import { joinVariables, readPrestartVariables, runPrestart, runPrestartOf } from './prestart.ts';
import { refuse } from './refusal.ts';
import { runnablePolicy } from './saved-run.ts';
import { foresee } from './undertaking.ts';
import { startVerification } from './verification.ts';
import { openVolumes } from './volumes.ts';
import { waitForDisks } from './wait-for-disks.ts';

/** What the agent does in the boot environment. It ends in a restart of the machine, whatever happens. */
export async function boot(context: AgentContext): Promise<never> {
  for (const file of [handoverFile, handedFile])
    if (await exists(`${context.paths.etc}/${file}`)) returnToDisk(context);
  try {
    if (!(await asksServer(context))) return await deployFromMedium(context);
    const { deployFromServer } = await import('./online/boot.ts');
    return await deployFromServer(context);
  } catch (error) {
    return refuse(context, error);
  }
}

/** What the medium itself says is checked with everything else it says. */
async function asksServer({ paths }: AgentContext): Promise<boolean> {
  if (await exists(paths.server)) return true;
  const { kind, online } = await readMediumFacts(paths);
  return kind === 'bootable' || online === true;
}

async function deployFromMedium(context: AgentContext): Promise<never> {
  const { emit, terminal, machine, mask, paths } = context;
  const medium = await openMedium(paths);
  terminal.setBanner({ organisation: 'Bootwright', label: medium.facts.label });
  const volumes = await openVolumes(context, medium);
  const handed = await takeHanded(paths.etc);
  const facts = await machine.facts();
  emit({ type: 'machine.recognised', mediumId: medium.facts.id, facts, resumed: false });
  const verification = startVerification(context, medium);
  await runPrestart(context);
  const early = await readPrestartVariables(context);
  await waitForDisks(context);
  const { interrupted, startsAnew } = await lookForEarlierRun(context, medium.facts.id, verification);
  const opened = await openSecrets(context, medium, verification, interrupted, handed?.password);
  for (const value of Object.values(opened.policy.secrets)) mask.add(value);
  terminal.setBanner({ organisation: opened.policy.organisation, label: medium.facts.label });
  if (interrupted === undefined && !(await checkDates(context, opened.policy))) return context.restart();
  await verification.finish();
  volumes?.firstWasChecked();
  const folder = await readableContent(context, opened.policy, medium.folder);
  if (interrupted === undefined) await runPrestartOf(context, folder, opened.policy.prestart);
  // A run that goes on has had all of them compared; each is compared again when it is used.
  if (interrupted === undefined) await volumes?.checkAll();
  const late = interrupted === undefined ? await readPrestartVariables(context) : early;
  const policy = runnablePolicy({ ...opened.policy, variables: joinVariables(opened.policy.variables, late) });
  const variables = interrupted === undefined ? await answersFor(context, policy, medium.facts.keyboard, handed) : [];
  if (interrupted === undefined && handed === undefined) {
    const undertaking = withAnswers(await foresee(context, policy, variables), variables);
    const isAsked = startsAnew || !policy.unattended;
    if (isAsked && !(await confirm(context, undertaking))) return context.restart();
  }
  const placeOf: PlaceOfContent = async (item, root) => (await volumes?.folderFor(item, root)) ?? folder;
  const content = mediumContent(context, policy, placeOf);
  return deploy(context, {
    content: volumes === undefined ? content : { ...content, ready: () => volumes.first() },
    policy,
    variables,
    vault: opened.vault,
    resume: interrupted === undefined ? undefined : { state: interrupted.saved.state, secrets: opened.variables },
    expiresAt: interrupted?.saved.expiresAt,
  });
}

/** What was typed a minute ago is looked at once more. */
function withAnswers(undertaking: Undertaking, variables: readonly SequenceVariable[]): Undertaking {
  const visible = variables.filter(({ hidden }) => hidden !== true);
  return {
    ...undertaking,
    actions: [...visible.map(({ name, value }) => `${name}: ${value}`), ...undertaking.actions],
  };
}

/** What a person adds before the run: values of variables that have none, and where an image is to go. */
async function answersFor(
  context: AgentContext,
  policy: Policy,
  keyboard: string,
  handed: Parameters<typeof PrepareCapture>[3],
): Promise<readonly SequenceVariable[]> {
  // Who handed the machine over from its running system has answered there.
  const typed = handed === undefined ? await askForVariables(context, policy) : [];
  if (policy.mediaKind !== 'capture') return typed;
  return joinVariables(typed, await captureAnswers(context, policy, keyboard, handed));
}

/** Loaded only where it is needed: every start of a medium waits for what is read before it. */
async function captureAnswers(...args: Parameters<typeof PrepareCapture>): ReturnType<typeof PrepareCapture> {
  const { prepareCapture } = await import('./capture/prepare.ts');
  return prepareCapture(...args);
}
