import type { CatalogueSource, Decision, MachineIdentity, Origin } from '../model/deployment.ts';
import { BootwrightError } from '../model/error.ts';
import { readAddress, readGuid, readMac } from '../model/identifier.ts';
import { buildCatalogue } from './catalogue.ts';
import { decide } from './decide.ts';

type Described<T> = { readonly [Key in keyof T]: T[Key] | undefined };

export interface Question {
  readonly identity: Described<MachineIdentity> & Pick<MachineIdentity, 'macs' | 'architecture' | 'firmware'>;
  readonly origin: Origin;
  /** ISO 8601. */
  readonly now: string;
  readonly lastRequired: string | undefined;
  /** Sequence the device was armed to be reinstalled with. */
  readonly reinstall: string | undefined;
}

/** The decision for a machine somebody describes. @throws BW-DEPLOY-013 an identifier that is none, or none at all */
export function explain(
  source: CatalogueSource,
  { identity, origin, now, lastRequired, reinstall }: Question,
): Decision {
  const { macs, guid, address } = identity;
  const wrong =
    macs.find((mac) => readMac(mac) === undefined) ??
    (guid !== undefined && readGuid(guid) === undefined ? guid : undefined) ??
    (address !== undefined && readAddress(address) === undefined ? address : undefined);
  if (wrong !== undefined) {
    throw new BootwrightError('BW-DEPLOY-013', `"${wrong}" is no MAC address, GUID or network address.`);
  }
  if (macs.length === 0 && guid === undefined) {
    throw new BootwrightError('BW-DEPLOY-013', 'A machine is looked up by a MAC address or a GUID, and there is none.');
  }
  const catalogue = buildCatalogue(source);
  const machine = Object.fromEntries(Object.entries(identity).filter(([, value]) => value !== undefined));
  const nothing = { now, results: new Map(), served: new Map() };
  const asked = machine as unknown as MachineIdentity;
  const first = decide(catalogue, asked, nothing, origin);
  if (lastRequired === undefined && reinstall === undefined) return first;
  const { name } = first;
  const memory = {
    ...nothing,
    ...(lastRequired === undefined ? {} : { lastRequired: { deployment: lastRequired, machine: name } }),
    ...(reinstall === undefined ? {} : { reinstalls: new Map([[name.toLowerCase(), reinstall]]) }),
  };
  return decide(catalogue, asked, memory, origin);
}
