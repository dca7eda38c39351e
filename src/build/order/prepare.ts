import { hasOurProgram } from '../../boot/own-parts.ts';
import { exists, readText } from '../../host/files.ts';
import { packageVersion, templatePath } from '../../host/package.ts';
import { BootwrightError } from '../../model/error.ts';
import type { MediumParts } from '../../model/media-kind.ts';
import type { Progress } from '../../model/progress.ts';
import { loadSite } from '../../site/load.ts';
import type { Keyholder } from '../../trust/key-slots.ts';
import { ensureKeys, loadSigningKey, readPublicKeys } from '../../trust/keys.ts';
import { checkPasswordPolicy } from '../../trust/password-policy.ts';
import { formatPublicKey, groupedFingerprint, type PublicKey, publicKey } from '../../trust/public-key.ts';
import { newRecoveryKey } from '../../trust/recovery-key.ts';
import { draftLayout, type MediumRecipe } from '../assemble.ts';
import { type ChosenBootImage, chooseBootImage, readLoaders } from '../boot-image.ts';
import { newContentKey, withEncryptedContent } from '../encrypt-content.ts';
import type { Hashes } from '../hashes.ts';
import { checkOutput, checkSpace, refuseOwnSource } from '../output.ts';
import { imagesToSplit, partsOfImage, refuseUnsplittable, sizeOfContent, withEstimatedParts } from '../split-images.ts';
import type { TargetName } from '../target.ts';
import { targetOf, targets } from '../targets.ts';
import { largestOnVolume } from '../volumes/assign.ts';
import { planVolumes } from '../volumes/plan.ts';
import { readDiskLoader } from '../wim/disk-loader.ts';
import { bootableSubstance } from './bootable.ts';
import { checkLabel } from './options.ts';
import { firmwareVerdicts, type MediumPlan } from './plan.ts';
import type { MediumRequest } from './request.ts';
import { standaloneSubstance } from './standalone.ts';
import type { MediumSubstance } from './substance.ts';

/** A plan that can be carried out. */
export interface PreparedMedium {
  readonly plan: MediumPlan;
  /** Bytes; images that are larger are split. */
  readonly largestFile?: number;
  /** Bytes of a disc, when it may become several. */
  readonly volumeSize?: number;
  /** Asks for what has to be asked and makes the site's keys if it has none. */
  readonly recipe: () => Promise<MediumRecipe>;
}

// Between a laptop's disk and a server's; good enough to know whether to fetch a coffee.
const bytesPerSecond = 200e6;

/** Stands for a key that is not made yet: all lengths are those of a real one. */
const someKey = publicKey('signing', new Uint8Array(32), '2000-01-01T00:00:00Z');

/**
 * Checks everything that can be checked without reading content, and says what will happen. Writes nothing.
 *
 * @throws one code per reason: docs/media.md lists them
 */
export async function prepareMedium(request: MediumRequest, progress: Progress): Promise<PreparedMedium> {
  await checkOutput(request.output, request.force ?? false);
  refuseContradictions(request);
  const site = await loadSite(request.siteFolder);
  const label = checkLabel(request.label ?? site.defaults.label ?? 'BOOTWRIGHT');
  const target = targets[request.target ?? targetOf(request.output)];
  checkTarget(request, target.name);
  const substance =
    'sequenceId' in request
      ? await standaloneSubstance(request, site, progress)
      : await bootableSubstance(request, site);
  const bootImage = await chooseBootImage(site.folder, request.bootImage ?? substance.bootImage, target.needs);
  const keys = await readPublicKeys(site.folder);
  const active = keys.find(({ purpose, status }) => purpose === 'signing' && status === 'active');
  const { content, tells } = substance;
  const { allowShell } = bootImage.image;
  const parts = await partsOf(request, substance, bootImage, label);
  const base = {
    kind: { layout: (given: MediumParts) => target.select(request.kind.layout(given)) },
    ...{ content, ownFiles: target.ownFiles },
  };
  const withKey = (key: PublicKey): MediumRecipe['parts'] => ({
    ...parts,
    keys: [{ name: 'site.pub', text: formatPublicKey(key) }],
  });
  refuseUnsealed(request);
  const known = [site.name, site.organisation, substance.title, label];
  if (typeof request.password === 'string') checkPasswordPolicy(request.password, site.passwords, known);
  const planned = {
    ...{ ...base, brings: (hashes?: Hashes) => substance.brings(allowShell, hashes) },
    parts: withKey(active ?? someKey),
    signing: { publicKey: active ?? someKey },
    // Any password, recovery key and content key give the same lengths.
    holders: request.password === undefined ? [] : holders(request, '?', ''),
  };
  const discSize = 'sequenceId' in request ? request.volumeSize : undefined;
  const largest = discSize === undefined ? target.largestFile : largestOnVolume(discSize);
  if (largest !== undefined) refuseUnsplittable(content, largest, request.encryptContent ?? false);
  const split = largest === undefined ? [] : imagesToSplit(content, largest);
  const drafted = largest === undefined ? planned : withEstimatedParts(planned, largest);
  const draft = draftLayout(request.encryptContent === true ? withEncryptedContent(drafted, newContentKey()) : drafted);
  await refuseOwnSource(
    request.output,
    draft.files.flatMap((file) => ('source' in file ? [file.source] : [])),
  );
  const size = target.size(draft);
  const volumes = discSize === undefined ? undefined : await planVolumes(request, drafted, discSize);
  const plan: MediumPlan = {
    ...{ output: request.output, replaces: await exists(request.output), kind: request.kind.name, label },
    target: target.name,
    ...(volumes === undefined ? {} : { volumes }),
    ...(split.length === 0 ? {} : { split: split.map((image) => partsOfImage(image, largest ?? 0)) }),
    ...tells,
    ...(request.about === undefined ? {} : { about: request.about }),
    password: request.password === undefined ? 'none' : typeof request.password === 'string' ? 'given' : 'asked',
    protection: parts.facts.protection,
    encryptsContent: request.encryptContent ?? false,
    openedBy: [
      ...(request.recoveryKey === true ? ['a recovery key, shown when the medium is made'] : []),
      ...(request.recipients ?? []).map(({ name }) => name),
    ],
    unattended: substance.unattended,
    bootImage: plannedBootImage(bootImage),
    firmware: firmwareVerdicts(bootImage.image, parts.loaders.shim),
    // The parts of split images lie beside the output until it is finished.
    ...{
      size,
      free: await checkSpace(request.output, size + sizeOfContent(split)),
      seconds: 2 + size / bytesPerSecond,
    },
    signedBy: active === undefined ? 'a new key of the site, made now' : groupedFingerprint(active.fingerprint),
    warnings: [
      ...tells.warnings,
      ...target.warnings(draft),
      ...openShell(bootImage),
      ...(await otherVersion(bootImage)),
    ],
  };
  return {
    plan,
    ...(largest === undefined ? {} : { largestFile: largest }),
    ...(discSize === undefined ? {} : { volumeSize: discSize }),
    recipe: async () => {
      await ensureKeys(site.folder);
      const signing = await loadSigningKey(site.folder, request.passphrase);
      const brings = await substance.complete();
      const whole = {
        ...{ ...base, brings: (hashes?: Hashes) => brings(allowShell, hashes) },
        ...{ parts: withKey(signing.publicKey), signing, holders: [] },
      };
      if (request.password === undefined) return whole;
      const password = typeof request.password === 'string' ? request.password : await request.password();
      checkPasswordPolicy(password, site.passwords, known);
      const recoveryKey = request.recoveryKey === true ? newRecoveryKey() : undefined;
      const sealed = {
        ...whole,
        holders: holders(request, password, recoveryKey),
        ...(recoveryKey === undefined ? {} : { recoveryKey }),
      };
      return request.encryptContent === true ? withEncryptedContent(sealed, newContentKey()) : sealed;
    },
  };
}

/** @throws BW-MEDIA-151 */
function refuseContradictions(request: MediumRequest): void {
  const volumeSize = 'sequenceId' in request ? request.volumeSize : undefined;
  if (volumeSize === undefined) return;
  const target = request.target ?? targetOf(request.output);
  const other = target === 'iso' ? (request.encryptContent === true ? '--encrypt-content' : undefined) : 'a USB image';
  if (other !== undefined)
    throw new BootwrightError('BW-MEDIA-151', `--volume-size and ${other} do not go together. Nothing was written.`);
}

/** Prestaged media are WIMs, and nothing starts from a WIM that was not laid on a disk. @throws BW-MEDIA-120 */
function checkTarget({ kind, output }: MediumRequest, target: TargetName): void {
  if ((kind.name === 'prestaged') === (target === 'wim')) return;
  throw new BootwrightError(
    'BW-MEDIA-120',
    kind.name === 'prestaged'
      ? `A prestaged medium is a WIM, and ${output} does not end in .wim. Nothing was written.`
      : `${output} would be a WIM, and no machine starts from one: only prestaged media are WIMs. Nothing was written.`,
  );
}

/** Everybody who opens the medium, the person at the target first. */
function holders(request: MediumRequest, password: string, recoveryKey: string | undefined): Keyholder[] {
  const { recipients = [] } = request;
  return [
    password,
    ...(request.recoveryKey === true ? [{ recoveryKey: recoveryKey ?? '' }] : []),
    ...recipients.map(({ publicKey }) => ({ recipient: publicKey })),
  ];
}

/** On the target a person opens the medium: keys and recipients are for desks, and content needs a place for its key. */
function refuseUnsealed({ password, recoveryKey, recipients = [], encryptContent }: MediumRequest): void {
  if (password !== undefined) return;
  const wanted = [
    ...(recoveryKey === true ? ['A recovery key'] : []),
    ...(recipients.length > 0 ? ['A recipient'] : []),
    ...(encryptContent === true ? ['Encrypted content'] : []),
  ];
  const [first] = wanted;
  if (first !== undefined)
    throw new BootwrightError('BW-MEDIA-090', `${first} needs a medium with a password. Nothing was written.`);
}

async function partsOf(
  request: MediumRequest,
  { title, unattended, keyboard, content, tells }: MediumSubstance,
  bootImage: ChosenBootImage,
  label: string,
): Promise<Omit<MediumRecipe['parts'], 'keys'>> {
  const { image, folder } = bootImage;
  const sealed = request.password !== undefined;
  const isPrestaged = request.kind.name === 'prestaged';
  const menu = (name: string): Promise<string> => readText(templatePath('boot-menus', name));
  return {
    facts: {
      label,
      // Whoever finds a sealed stick does not learn what it deploys.
      title: sealed ? (request.kind.name === 'capture' ? 'Capture this machine' : 'Deploy this machine') : title,
      passwordRequired: sealed,
      ...{ unattended, keyboard },
      bootImage: {
        ...{ id: image.id, kernelVersion: image.kernelVersion },
        ...(image.built === undefined ? {} : { built: image.built }),
      },
      protection: image.files['uki'] !== undefined ? 'locked' : sealed ? 'sealed' : 'chain',
      ...(isPrestaged && tells.online !== undefined ? { online: true } : {}),
      createdBy: `bootwright ${packageVersion()}`,
      ...(request.about === undefined ? {} : { about: request.about }),
    },
    ...(request.epoch === undefined ? {} : { epoch: request.epoch }),
    bootImage: image,
    bootImageFolder: folder,
    loaders: { ...(await readLoaders(bootImage)), ...(isPrestaged ? { disk: await readDiskLoader(bootImage) } : {}) },
    menus: {
      main: await menu('grub.cfg'),
      loopback: await menu('loopback.cfg'),
      finder: await menu(isPrestaged ? 'prestaged.cfg' : 'efi-grub.cfg'),
    },
    captureScript: await readText(templatePath('medium', 'capture.sh')),
    content: content.flatMap(({ files }) => files.map(({ path, source, size }) => ({ path, source, size }))),
  } satisfies Omit<MediumParts, 'id' | 'policy' | 'keys'>;
}

function plannedBootImage({ image, folder }: ChosenBootImage): MediumPlan['bootImage'] {
  const { name, id, kernelVersion, secureBoot } = image;
  return { name, id, kernelVersion, secureBoot, folder };
}

/** What a target runs is the boot image's agent, not this program: a new version comes with a new boot image. */
async function otherVersion({ image }: ChosenBootImage): Promise<string[]> {
  if (await hasOurProgram(image)) return [];
  const command = `bootwright boot-image build ${image.name}`;
  return [
    `The boot image ${image.name} was built by another version of Bootwright: ${command} brings this one's agent.`,
  ];
}

function openShell({ image }: ChosenBootImage): string[] {
  return image.allowShell ? ['The boot image offers a shell with all rights to whoever starts the medium.'] : [];
}
