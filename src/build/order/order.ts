import { join, relative, resolve } from 'node:path';
import { orderBootImage } from '../../boot/order.ts';
import { hasOurProgram } from '../../boot/own-parts.ts';
import { defaultBootImageFolder, readBootImage } from '../../boot/read.ts';
import { imageOf, readWim } from '../../content/wim.ts';
import { now } from '../../host/clock.ts';
import { exists, rm, withScratch, writeAtomically } from '../../host/files.ts';
import { promptNewSecret, promptSecret, readPasswordFile } from '../../host/prompt.ts';
import { ask, canAsk } from '../../host/terminal.ts';
import { readBootableServer } from '../../model/bootable.ts';
import { BootwrightError } from '../../model/error.ts';
import type { Progress } from '../../model/progress.ts';
import { temporarySite } from '../../site/impatient.ts';
import { findSite } from '../../site/load.ts';
import { registerMedium } from '../../site/media-register.ts';
import { activeKey, privateKeyPath } from '../../trust/keys.ts';
import { formatPublicKey } from '../../trust/public-key.ts';
import { type Recipient, readRecipient } from '../../trust/recipient.ts';
import { type WriteOptions, type WrittenMedium, writeMedium } from '../create.ts';
import { readAuthority, readVariables } from './options.ts';
import type { MediumPlan } from './plan.ts';
import { planText } from './plan-text.ts';
import { prepareMedium } from './prepare.ts';
import type { BootableRequest, MediumRequest, StandaloneRequest } from './request.ts';

/** What a request has instead of the words of the command line. */
type Ordered = 'siteFolder' | 'password' | 'recipients' | 'variables' | 'now' | 'passphrase';

interface CommonOrder {
  readonly passphrase: NonNullable<MediumRequest['passphrase']>;
  readonly site: string;
  readonly passwordFile?: string;
  readonly noPassword: boolean;
  /** Files of those who can open the medium on a desk. */
  readonly recipient: readonly string[];
  readonly variable: readonly string[];
  readonly variablesFile?: string;
  readonly dryRun: boolean;
}

/** What a person orders on the command line. */
export interface MediumOrder extends Omit<StandaloneRequest, Ordered | 'sequenceId'>, CommonOrder {
  readonly sequence?: string;
  /** A WIM instead of a site. */
  readonly image?: string;
  readonly index?: string;
  readonly saveSite?: string;
}

/** A medium that asks servers. The authority may have to be made first, for which the folder of the site is needed. */
export interface BootableOrder
  extends Omit<BootableRequest, Ordered | 'servers' | 'authority' | 'prestages'>,
    CommonOrder {
  /** As `readBootableServer` takes them. */
  readonly server: readonly string[];
  /** File with the authority of the servers' own certificates; the site's own without it. */
  readonly authorityFile?: string;
  /** Of prestaged media: the sequence whose content they hold, and more of it. */
  readonly sequence?: string;
  readonly content?: readonly string[];
  readonly siteAuthority: (siteFolder: string) => BootableRequest['authority'];
}

type OrderOptions = WriteOptions & { readonly announce: (text: string) => void };

export interface MediumResult {
  readonly plan: MediumPlan;
  /** Absent after a dry run. */
  readonly written?: WrittenMedium;
}

/** Says what will be made, then makes it. @throws as `prepareMedium` and `writeMedium` */
export async function fulfil(order: MediumOrder, options: OrderOptions): Promise<MediumResult> {
  if (order.image !== undefined) return fromImage(order, order.image, options);
  if (order.sequence === undefined)
    throw new BootwrightError('BW-SITE-004', 'No task sequence was named.', {
      fix: 'Give --sequence ID, or --image FILE.wim.',
    });
  return fromSite(order, await findSite(order.site), order.sequence, options);
}

async function fromSite(
  order: MediumOrder,
  siteFolder: string,
  sequenceId: string,
  options: OrderOptions,
): Promise<MediumResult> {
  return carryOut({ ...order, ...(await commonOf(order, siteFolder)), sequenceId }, order.dryRun, options);
}

/** Says what will be made, then makes it. @throws as `prepareMedium` and `writeMedium` */
export async function fulfilBootable(order: BootableOrder, options: OrderOptions): Promise<MediumResult> {
  const siteFolder = await findSite(order.site);
  const { authorityFile } = order;
  const given = authorityFile === undefined ? undefined : () => readAuthority(authorityFile);
  const request: BootableRequest = {
    ...order,
    ...(await commonOf(order, siteFolder)),
    servers: order.server.map(readBootableServer),
    ...(order.kind.name === 'prestaged'
      ? {
          prestages: {
            ...(order.sequence === undefined ? {} : { sequenceId: order.sequence }),
            content: order.content ?? [],
          },
        }
      : {}),
    authority: given === undefined ? order.siteAuthority(siteFolder) : { peek: given, make: given },
  };
  return carryOut(request, order.dryRun, options);
}

async function commonOf(
  { passwordFile, noPassword, recipient, variable, variablesFile }: CommonOrder,
  siteFolder: string,
): Promise<Pick<MediumRequest, 'siteFolder' | 'recipients' | 'variables' | 'now' | 'password'>> {
  const password =
    passwordFile !== undefined
      ? await readPasswordFile(passwordFile)
      : noPassword || !canAsk()
        ? undefined
        : () => promptNewSecret('Password of the medium:');
  const variables = await readVariables(variable, variablesFile);
  const recipients = await readRecipients(recipient);
  return { siteFolder, recipients, variables, now: now(), ...(password === undefined ? {} : { password }) };
}

async function carryOut(request: MediumRequest, dryRun: boolean, options: OrderOptions): Promise<MediumResult> {
  const prepared = await prepareMedium(request, options.progress);
  options.announce(planText(prepared.plan));
  if (dryRun) return { plan: prepared.plan };
  const written = await writeMedium(prepared, options);
  await register(request.siteFolder, prepared.plan, written);
  return { plan: prepared.plan, written };
}

/** A medium of a site that stays is entered in its register; who has it is written there later. */
async function register(siteFolder: string, plan: MediumPlan, { id, file }: WrittenMedium): Promise<void> {
  const { kind, label, protection, validTo, sequence } = plan;
  const made = now().toISOString().replace(/\.\d+/, '');
  const place = relative(siteFolder, resolve(file));
  await registerMedium(siteFolder, {
    ...{ medium: id, kind, label, protection, made, file: place },
    ...(sequence === undefined ? {} : { sequence: sequence.id }),
    ...(validTo === undefined ? {} : { validTo }),
  });
}

async function readRecipients(files: readonly string[]): Promise<Recipient[]> {
  const recipients: Recipient[] = [];
  for (const file of files)
    recipients.push(
      await readRecipient(file, () => promptSecret(`Password of ${file}:`, '--recipient with a PEM file')),
    );
  return recipients;
}

/** One line for the impatient: a site that exists as long as it is needed, or is kept with `--save-site`. */
async function fromImage(order: MediumOrder, image: string, options: OrderOptions): Promise<MediumResult> {
  const index = order.index ?? (await chooseIndex(image));
  const named = { ...order, variable: [...order.variable, ...(await chooseName(order))] };
  if (order.bootImage === undefined && !order.dryRun) await ensureDefaultBootImage(options.progress, options.signal);
  const make = async (folder: string): Promise<MediumResult> => {
    const site = await temporarySite({ folder, image, ...(index === undefined ? {} : { index }) });
    return fromSite(named, site.folder, site.sequenceId, options);
  };
  if (order.saveSite !== undefined) return make(resolve(order.saveSite));
  return withScratch(async (scratch) => {
    const folder = join(scratch, 'site');
    try {
      const result = await make(folder);
      // The site is gone after this: its public key is what the medium can be verified with.
      if (result.written !== undefined) {
        const key = formatPublicKey(await activeKey(folder, 'signing'));
        await writeAtomically(`${order.output}.pub`, key);
      }
      return result;
    } finally {
      await forgetKeys(folder);
    }
  });
}

/** This user's default boot image, outside of any site. @throws BW-BOOT-001 to -010 */
async function ensureDefaultBootImage(progress: Progress, signal?: AbortSignal): Promise<void> {
  const folder = defaultBootImageFolder();
  if (!(await exists(join(folder, 'boot-image.json')))) {
    progress.note('no boot image yet: building the default one, once (a few minutes, about 260 MB to download)');
    await orderBootImage({ name: 'default', folder }, progress, signal);
    return;
  }
  const image = await readBootImage(folder);
  // One with the user's own drivers is theirs to build again; `prepareMedium` says that it is of another version.
  if (!image.plain || (await hasOurProgram(image))) return progress.note('boot image default: reused');
  progress.note('boot image default is of another version of Bootwright: building it anew');
  const { keyboard, allowShell, prestart } = image;
  const same = { keyboard, allowShell, ...(prestart === undefined ? {} : { prestart }) };
  await orderBootImage({ name: 'default', folder, ...same }, progress, signal);
}

async function chooseIndex(image: string): Promise<string | undefined> {
  const facts = await readWim(image);
  if (facts.images.length < 2 || !canAsk()) return undefined;
  const list = facts.images.map(({ index, name }) => `  ${index}  ${name}`).join('\n');
  const answer = await ask({ text: `${image} holds several images:\n${list}\nWhich one?`, flag: '--index' });
  return String(imageOf(facts, answer.trim()).index);
}

/** What no template can know: how the machine is to be called. `K=V`, or nothing for the template's own. */
async function chooseName(order: MediumOrder): Promise<string[]> {
  const variable = 'OSDComputerName';
  const isSet = order.variable.some((text) => text.toLowerCase().startsWith(`${variable.toLowerCase()}=`));
  if (isSet || order.variablesFile !== undefined || !canAsk()) return [];
  const answer = await ask({ text: 'Name of the computer (Enter: debian):', flag: `--variable ${variable}=NAME` });
  return answer.trim() === '' ? [] : [`${variable}=${answer.trim()}`];
}

async function forgetKeys(siteFolder: string): Promise<void> {
  for (const purpose of ['signing', 'sealing'] as const) {
    const key = await activeKey(siteFolder, purpose).catch(() => undefined);
    if (key !== undefined && (await exists(privateKeyPath(key.fingerprint)))) await rm(privateKeyPath(key.fingerprint));
  }
}
