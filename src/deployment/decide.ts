import type {
  Decision,
  DeploymentMemory,
  DeploymentOffer,
  Device,
  MachineIdentity,
  Origin,
} from '../model/deployment.ts';
import { type Catalogue, normaliseIdentity } from './catalogue.ts';
import { lookUp } from './lookup.ts';
import { chooseBootImage, offersFor, unknownName } from './offers.ts';
import { reinstallOffer } from './reinstall.ts';
import { Trace } from './trace.ts';
import { variablesOf } from './variables.ts';

/**
 * What a machine is to do, by the rules of docs/deployments.md in their order. Pure: the same catalogue, machine and
 * memory always give the same decision.
 */
export function decide(
  catalogue: Catalogue,
  machine: MachineIdentity,
  memory: DeploymentMemory,
  origin: Origin,
): Decision {
  const trace = new Trace();
  const identity = normaliseIdentity(machine);
  const found = lookUp(catalogue, identity, trace);
  const nothingYet = { collections: [], offers: [], variables: [], maintenanceWindows: [], waitSeconds: 0 };
  const nobody = { ...nothingYet, rules: trace.rules };
  if (found.state === 'ignored') {
    return { ...nobody, state: 'ignored', name: '', release: 'refused', reason: 'It is on the exclusion list.' };
  }
  if (found.state === 'ambiguous') {
    return { ...nobody, state: 'known', name: '', release: 'refused', reason: found.reason };
  }
  const device = found.state === 'known' ? found.device : undefined;
  const name = device?.name ?? unknownName(identity);
  const { unknownComputers, waitSeconds } = catalogue.settings;
  traceState(trace, name, device, unknownComputers);
  if (device === undefined && unknownComputers === 'refuse') {
    const reason = 'No device is entered for it, and unknown computers are refused.';
    return { ...nobody, state: 'unknown', name, release: 'refused', reason };
  }

  const memberships =
    device === undefined ? catalogue.collections.ofUnknown(identity) : catalogue.collections.of(device, identity);
  const collections = memberships.map((membership) => membership.name);
  trace.applies('collections', `It is a member of ${collections.join(', ')}.`);
  const question = { catalogue, identity, known: device !== undefined, memory, origin };
  const offers = offersFor(question, memberships, trace);
  const common = {
    ...nobody,
    state: found.state,
    name,
    collections,
    variables: variablesOf(memberships, device),
    maintenanceWindows: memberships.flatMap(({ collection }) => collection?.maintenanceWindows ?? []),
    waitSeconds: device === undefined ? waitSeconds : 0,
  };
  const reinstall = device === undefined ? undefined : reinstallOffer(question, device, trace);
  if (reinstall !== undefined) {
    const required = offers.find(({ purpose, hidden }) => purpose === 'required' && !hidden);
    if (required !== undefined)
      trace.applies('served-once', `${required.deployment}, which is required, counts as served with it.`);
    const bootImage = origin === 'pxe' ? chooseBootImage([reinstall], question, trace) : undefined;
    const { deployment } = reinstall;
    return {
      ...common,
      offers: [reinstall, ...offers],
      release: 'none',
      start: deployment,
      reinstall: { deployment, ...(required === undefined ? {} : { insteadOf: required.deployment }) },
      ...(bootImage === undefined ? {} : { bootImage }),
    };
  }
  if (offers.length === 0) return { ...common, release: 'refused', reason: nothing(device, trace) };

  const { required, served } = requiredOf(offers, name, memory, origin, trace);
  if (served && origin === 'pxe') {
    const reason = `${required?.deployment} was served to it before: it is not started again until that is cleared.`;
    return { ...common, release: 'refused', reason };
  }
  const start = served ? undefined : required;
  const bootImage =
    origin === 'pxe' ? chooseBootImage(start === undefined ? offers : [start], question, trace) : undefined;
  return {
    ...common,
    offers,
    release: device === undefined && unknownComputers === 'ask' ? 'approval' : 'none',
    ...(start === undefined ? {} : { start: start.deployment }),
    ...(bootImage === undefined ? {} : { bootImage }),
  };
}

function traceState(trace: Trace, name: string, device: Device | undefined, unknown: 'ask' | 'allow' | 'refuse'): void {
  if (device !== undefined) {
    trace.applies('known', `It is the device ${name}: deployments to unknown computers are not for it.`);
    return;
  }
  trace.applies('known', `No device is entered for it: it counts as ${name}.`);
  if (unknown === 'refuse')
    trace.refuses('unknown-support', 'Unknown computers are refused (unknownComputers: refuse).');
  else if (unknown === 'ask') {
    trace.applies('unknown-support', 'Unknown computers wait for approval (unknownComputers: ask).');
  } else trace.passes('unknown-support', 'Unknown computers are allowed (unknownComputers: allow).');
}

/** A machine shows it too: what is deployed to others is not named. */
function nothing(device: Device | undefined, { rules }: Trace): string {
  const isLeftOut = rules.some(
    ({ rule, outcome }) => outcome === 'refuses' && (rule === 'deployment' || rule === 'boot-image'),
  );
  if (device !== undefined && isLeftOut)
    return `What is deployed to the device ${device.name} is not offered to it now: bootwright explain says why.`;
  return device === undefined
    ? 'No deployment for unknown computers is for this machine.'
    : `No deployment is for the device ${device.name}. Known machines never get what unknown computers get.`;
}

/** Required outranks available; of several the highest ID. The one that was served last is not served again. */
function requiredOf(
  offers: readonly DeploymentOffer[],
  name: string,
  { lastRequired }: DeploymentMemory,
  origin: Origin,
  trace: Trace,
): { required?: DeploymentOffer; served: boolean } {
  const required = offers.find(({ purpose, hidden }) => purpose === 'required' && !hidden);
  if (required === undefined) {
    trace.passes('required', 'No offer starts by itself: somebody has to choose.');
    return { served: false };
  }
  const { deployment } = required;
  trace.applies(
    'required',
    `${deployment} is required: it starts by itself${offers.length > 1 ? ', before what is available' : ''}.`,
  );
  if (origin === 'client') return { required, served: false };
  const same = (a: string | undefined, b: string): boolean => a?.toLowerCase() === b.toLowerCase();
  const served = same(lastRequired?.deployment, deployment) && same(lastRequired?.machine, name);
  if (!served) trace.passes('served-once', `${deployment} was not the last required deployment served to it.`);
  else if (origin === 'pxe') trace.refuses('served-once', `${deployment} was served to it before and was not cleared.`);
  else trace.applies('served-once', `${deployment} was served to it before: from media somebody has to choose it.`);
  return { required, served };
}
