import {
  type Architecture,
  type ClientTerms,
  type Deployment,
  type DeploymentMemory,
  type DeploymentOffer,
  type MachineIdentity,
  type Origin,
  unknownComputers,
} from '../model/deployment.ts';
import { readSubnet } from '../model/identifier.ts';
import type { Catalogue } from './catalogue.ts';
import { compareNames, type Membership } from './membership.ts';
import { isInside } from './rule-index.ts';
import type { Trace } from './trace.ts';

export interface Question {
  readonly catalogue: Catalogue;
  readonly identity: MachineIdentity;
  readonly known: boolean;
  readonly memory: DeploymentMemory;
  readonly origin: Origin;
}

const originNames: Readonly<Record<Origin, string>> = {
  pxe: 'machines that start over the network',
  media: 'machines that start from media',
  client: 'running systems',
};

/** The deployments on a machine's collections that it may run now, highest ID first. */
export function offersFor(question: Question, memberships: readonly Membership[], trace: Trace): DeploymentOffer[] {
  const { catalogue } = question;
  const deployments = memberships
    .flatMap(({ name }) => catalogue.deploymentsOf.get(name.toLowerCase()) ?? [])
    .sort((a, b) => compareNames(b.id, a.id));
  return deployments.flatMap((deployment) => {
    const { id, collection, purpose } = deployment;
    const sequence = catalogue.sequences.get(deployment.sequence.toLowerCase());
    const against =
      sequence === undefined ? `there is no task sequence ${deployment.sequence}` : objection(deployment, question);
    if (sequence === undefined || against !== undefined) {
      trace.refuses('deployment', `${id} (on ${collection}) is not offered: ${against}.`);
      return [];
    }
    const unusable = bootImageObjection(sequence.bootImage, question);
    if (unusable !== undefined) {
      trace.refuses('boot-image', `${id} (on ${collection}) is not offered: ${unusable}.`);
      return [];
    }
    const hidden = deployment.availableTo === 'mediaAndPxeHidden';
    const dates = ignoresDates(deployment, question) ? ' Its dates are ignored outside a running system.' : '';
    const name = sequence.name === sequence.id ? sequence.id : `${sequence.id} "${sequence.name}"`;
    trace.applies(
      'deployment',
      `${id} (on ${collection}) offers ${name}, ${purpose}${hidden ? ', hidden: only when named' : ''}.${dates}`,
    );
    const { name: title, description, bootImage } = sequence;
    const deadline = deadlineOf(deployment);
    const due = deadline === undefined ? {} : { deadline };
    const terms = question.origin === 'client' ? { client: clientTerms(deployment) } : {};
    const offered = { deployment: id, sequence: sequence.id, name: title, description, purpose, hidden };
    const refusable = deployment.userExperience.allowRefusal ? {} : { refusable: false as const };
    return [{ ...offered, ...refusable, ...due, ...terms, bootImage }];
  });
}

/** When a required deployment has to have begun: its last assignment, else the end of its time. */
function deadlineOf({ purpose, schedule: { assignments, expires } }: Deployment): string | undefined {
  const times = assignments.filter((assignment) => /^\d/.test(assignment)).sort();
  return purpose === 'required' ? (times.at(-1) ?? expires) : undefined;
}

/** Why a deployment is not for this machine now. */
function objection(deployment: Deployment, question: Question): string | undefined {
  const { disabled, availableTo } = deployment;
  if (disabled) return 'it is disabled';
  const { origin } = question;
  const reaches = origin === 'client' ? availableTo.startsWith('clients') : availableTo !== 'clients';
  if (!reaches) return `it is not for ${originNames[origin]} (availableTo: ${availableTo})`;
  return (
    scopeObjection(deployment, question) ?? (origin === 'client' ? clientObjection(deployment, question) : undefined)
  );
}

function scopeObjection({ id, scope }: Deployment, { identity, known, memory }: Question): string | undefined {
  const { address, macs } = identity;
  if (scope.subnets.length > 0 && !scope.subnets.some((subnet) => isInside(address, readSubnet(subnet)))) {
    return `${address ?? 'its address, which is not known,'} is not in ${scope.subnets.join(', ')}`;
  }
  if (scope.ouis.length > 0 && !scope.ouis.some((oui) => macs.some((mac) => mac.startsWith(oui)))) {
    return `none of its MAC addresses begins with ${scope.ouis.join(', ')}`;
  }
  if (scope.interfaces.length > 0 && !scope.interfaces.includes(identity.interface ?? '')) {
    return `it did not ask on ${scope.interfaces.join(', ')}`;
  }
  const { machines } = scope;
  const served = memory.served.get(id) ?? 0;
  if (known || machines === undefined || served < machines) return undefined;
  return `${served} other unknown machines have got it, and it is for ${machines}`;
}

function clientTerms({ schedule, userExperience }: Deployment): ClientTerms {
  const { installOutsideWindow, restartOutsideWindow } = userExperience;
  // Whether a sequence restarts is only known when it runs: it may begin outside when it may do both there.
  return { assignments: schedule.assignments, outsideWindow: installOutsideWindow && restartOutsideWindow };
}

/** Dates and rerun behaviour count where the clock and the history can be believed. */
function clientObjection(deployment: Deployment, { memory }: Question): string | undefined {
  const { id, schedule, purpose, rerun } = deployment;
  if (memory.inProgress?.has(id) === true) return undefined;
  const now = Date.parse(memory.now);
  const { available, expires, assignments } = schedule;
  if (available !== undefined && now < Date.parse(available)) return `it begins at ${available}`;
  if (expires !== undefined && now >= Date.parse(expires)) return `it expired at ${expires}`;
  if (purpose === 'available') return undefined;
  const result = memory.results.get(id);
  const again = rerun === 'ifFailed' ? 'failed' : 'succeeded';
  if (result !== undefined && rerun === 'never') return 'it ran once and is never to run again';
  if (result !== undefined && rerun !== 'always' && result !== again)
    return `it ${result} before, and runs again only if it ${again}`;
  const begun = memory.begun?.get(id);
  const isDueSince = (since: string): boolean =>
    assignments.map((time) => Date.parse(time)).some((time) => time > Date.parse(since) && time <= now);
  // Else a machine that asks every few minutes would be deployed again and again.
  if (begun !== undefined && !isDueSince(begun)) return `it began at ${begun}, and was not due again since`;
  return undefined;
}

function ignoresDates({ schedule }: Deployment, { origin }: Question): boolean {
  const { available, expires, assignments } = schedule;
  return origin !== 'client' && (available !== undefined || expires !== undefined || assignments.length > 0);
}

/** Why a machine cannot start a boot image in the way it came. */
export function bootImageObjection(bootImage: string, { catalogue, identity, origin }: Question): string | undefined {
  // A running system needs a boot image only for sequences that leave it, which prepare that themselves.
  if (origin === 'client') return undefined;
  const kind = catalogue.bootImages.get(bootImage.toLowerCase());
  // From media the machine has started already.
  if (kind === undefined)
    return origin === 'pxe'
      ? `its boot image ${bootImage} is not built (bootwright boot-image build ${bootImage})`
      : undefined;
  if (canStart(identity, kind)) return undefined;
  const { firmware, architecture } = identity;
  return `its boot image ${bootImage} is for ${kind}, which ${firmware.toUpperCase()} on ${architecture} cannot start`;
}

/** UEFI starts programs of its own architecture only; BIOS on x64 can start x86. */
function canStart({ firmware, architecture }: MachineIdentity, bootImage: Architecture): boolean {
  return bootImage === architecture || (firmware === 'bios' && architecture === 'x64' && bootImage === 'x86');
}

/** What the machine is to be started with: of the exact architecture before a compatible one, then the highest ID. */
export function chooseBootImage(
  offers: readonly DeploymentOffer[],
  { catalogue, identity }: Pick<Question, 'catalogue' | 'identity'>,
  trace: Trace,
): string | undefined {
  const kindOf = ({ bootImage }: DeploymentOffer) => catalogue.bootImages.get(bootImage.toLowerCase());
  const exact = offers.find((offer) => kindOf(offer) === identity.architecture);
  const chosen = exact ?? offers[0];
  if (chosen === undefined) return undefined;
  const reason = exact === undefined ? `a compatible one, none is for ${identity.architecture}` : 'exact architecture';
  const among = offers.length > 1 ? `; of ${offers.length} offers ${chosen.deployment} has the highest ID` : '';
  trace.applies('boot-image', `It starts with ${chosen.bootImage} (${kindOf(chosen)}: ${reason}${among}).`);
  return chosen.bootImage;
}

/** The name a machine goes by that no device stands for. */
export function unknownName({ architecture }: MachineIdentity): string {
  return unknownComputers[architecture];
}
