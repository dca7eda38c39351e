import type { Device, MachineIdentity } from '../model/deployment.ts';
import type { Catalogue } from './catalogue.ts';
import type { Trace } from './trace.ts';

export type Lookup =
  | { readonly state: 'ignored' }
  | { readonly state: 'known'; readonly device: Device }
  | { readonly state: 'unknown' }
  | { readonly state: 'ambiguous'; readonly reason: string };

/** What boards carry whose maker never wrote a number of their own. */
const placeholders = new Set([
  '00000000-0000-0000-0000-000000000000',
  'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF',
  '03000200-0400-0500-0006-000700080009',
  '00:00:00:00:00:00',
  'FF:FF:FF:FF:FF:FF',
]);

/** Which device a machine is (spec/deploy.md section 5): exclusion list, duplicate identifiers, GUID, then MAC. */
export function lookUp(catalogue: Catalogue, { macs, guid }: MachineIdentity, trace: Trace): Lookup {
  const excluded = macs.find((mac) => catalogue.excluded.has(mac));
  if (excluded !== undefined) {
    trace.refuses('exclusion-list', `${excluded} is on the exclusion list: this machine is never answered.`);
    return { state: 'ignored' };
  }
  trace.passes('exclusion-list', 'None of its MAC addresses is on the exclusion list.');

  const usable = (identifier: string, listed: ReadonlySet<string>): boolean => {
    const reason = listed.has(identifier)
      ? 'is listed as duplicate'
      : placeholders.has(identifier)
        ? 'is a placeholder many machines have'
        : undefined;
    if (reason === undefined) return true;
    trace.applies('duplicate-identifiers', `${identifier} ${reason}: no device is looked up by it.`);
    return false;
  };
  const macKeys = macs.filter((mac) => usable(mac, catalogue.duplicateMacs));
  const guidKey = guid !== undefined && usable(guid, catalogue.duplicateGuids) ? guid : undefined;

  const byGuid = guidKey === undefined ? [] : (catalogue.devicesByGuid.get(guidKey) ?? []);
  const byMac = [...new Set(macKeys.flatMap((mac) => catalogue.devicesByMac.get(mac) ?? []))];
  traceMatch(trace, 'lookup-guid', guidKey === undefined ? [] : [guidKey], byGuid);
  traceMatch(trace, 'lookup-mac', macKeys, byMac);
  return choose(byGuid, byMac, trace);
}

function choose(byGuid: readonly Device[], byMac: readonly Device[], trace: Trace): Lookup {
  const both = byGuid.filter((device) => byMac.includes(device));
  // The GUID counts first; several devices with one GUID are told apart by MAC.
  const [device, ...others] = both.length === 1 ? both : byGuid.length > 0 ? byGuid : byMac;
  if (device === undefined) return { state: 'unknown' };
  if (others.length > 0) {
    const reason = `It could be ${listed([device, ...others])}: nothing is deployed to a machine that is several devices.`;
    trace.refuses('lookup-conflict', reason);
    return { state: 'ambiguous', reason };
  }
  const strangers = [...byGuid, ...byMac].filter((found) => found !== device);
  if (strangers.length > 0) {
    trace.applies(
      'lookup-conflict',
      `GUID and MAC addresses belong to different devices: it is ${device.name} by GUID, not ${listed(strangers)}.`,
    );
  }
  return { state: 'known', device };
}

function traceMatch(
  trace: Trace,
  rule: 'lookup-guid' | 'lookup-mac',
  keys: readonly string[],
  found: readonly Device[],
): void {
  const what = rule === 'lookup-guid' ? 'SMBIOS GUID' : 'MAC address';
  if (keys.length === 0) trace.passes(rule, `There is no ${what} to look it up by.`);
  else if (found.length === 0) trace.passes(rule, `No device has the ${what} ${keys.join(' or ')}.`);
  else trace.applies(rule, `${listed(found)}: ${what} ${keys.join(' or ')}.`);
}

function listed(devices: readonly Device[]): string {
  return [...new Set(devices.map(({ name }) => name))].join(', ');
}
