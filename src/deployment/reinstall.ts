import { allSystems, type CatalogueSource, type DeploymentOffer, type Device } from '../model/deployment.ts';
import { BootwrightError } from '../model/error.ts';
import { formatCount } from '../model/quantity.ts';
import { buildCatalogue } from './catalogue.ts';
import { bootImageObjection, type Question } from './offers.ts';
import { devicesOf, reachOf, type Target } from './target.ts';
import type { Trace } from './trace.ts';

/** The ID under which a reinstallation is offered and reported. No deployment of a site can have it: IDs have no colon. */
export function reinstallId(sequence: string): string {
  return `reinstall:${sequence}`;
}

/** What an operator armed for this device, when the machine can start it now. */
export function reinstallOffer(question: Question, device: Device, trace: Trace): DeploymentOffer | undefined {
  const { catalogue, memory, origin } = question;
  const wanted = memory.reinstalls?.get(device.name.toLowerCase());
  if (wanted === undefined) return undefined;
  const sequence = catalogue.sequences.get(wanted.toLowerCase());
  const against =
    sequence === undefined
      ? `there is no task sequence ${wanted}`
      : origin === 'client'
        ? 'it waits until the machine starts from media or the network'
        : bootImageObjection(sequence.bootImage, question);
  if (sequence === undefined || against !== undefined) {
    trace.refuses('reinstall', `${device.name} is to be reinstalled with ${wanted}, but not now: ${against}.`);
    return undefined;
  }
  const { id, name, description, bootImage } = sequence;
  trace.applies('reinstall', `${device.name} is to be reinstalled with ${id}: that starts by itself, this once.`);
  const deployment = reinstallId(id);
  return { deployment, sequence: id, name, description, purpose: 'required', hidden: false, bootImage };
}

export interface ReinstallPlan {
  /** As the site writes it. */
  readonly sequence: string;
  readonly erases: boolean;
  readonly devices: readonly Device[];
}

/**
 * The devices that are meant, judged before anything is armed: the rules of a required deployment hold.
 *
 * @throws BW-DEPLOY-001 all devices there are, BW-DEPLOY-010 more than the site allows, BW-DEPLOY-060 nothing to arm,
 * BW-SITE-004
 */
export function planReinstall(source: CatalogueSource, target: Target, wanted: string): ReinstallPlan {
  const sequence = buildCatalogue(source).sequences.get(wanted.toLowerCase());
  if (sequence === undefined) throw new BootwrightError('BW-SITE-004', `The site has no task sequence "${wanted}".`);
  const { id, erases } = sequence;
  const devices = devicesOf(source, target);
  if (erases && 'collection' in target && reachOf(source, target.collection)?.everything === true)
    throw new BootwrightError('BW-DEPLOY-001', `${target.collection} holds ${allSystems}. Nothing was armed.`);
  const { maximum } = source.settings.sizeLimits;
  if (erases && maximum !== 0 && devices.length > maximum)
    throw new BootwrightError(
      'BW-DEPLOY-010',
      `${devices.length} devices would be erased, and the site allows ${maximum} at once. Nothing was armed.`,
    );
  const unusable = devices.find((device) => !canBeRecognised(device, source));
  if (unusable !== undefined)
    throw new BootwrightError(
      'BW-DEPLOY-060',
      `No machine can be recognised as ${unusable.name}: it has no GUID and no MAC address that counts, or is on the exclusion list. Nothing was armed.`,
    );
  return { sequence: id, erases, devices };
}

function canBeRecognised({ macs, guid }: Device, { settings }: CatalogueSource): boolean {
  const { exclude, duplicateIdentifiers } = settings;
  if (macs.some((mac) => exclude.includes(mac))) return false;
  if (guid !== undefined && !duplicateIdentifiers.guids.includes(guid)) return true;
  return macs.some((mac) => !duplicateIdentifiers.macs.includes(mac));
}

/** @throws BW-DEPLOY-009 the number that was typed is not that of the machines */
export function requireCounted({ devices, sequence }: ReinstallPlan, typed: number | undefined): void {
  if (typed === devices.length) return;
  throw new BootwrightError(
    'BW-DEPLOY-009',
    `${formatCount(devices.length, 'machine')} would be reinstalled with ${sequence}. The number was not typed: nothing was armed.`,
    { fix: `Give --confirm-machines ${devices.length}, if that is what you want.` },
  );
}
