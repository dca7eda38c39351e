import type { Device } from '../model/deployment.ts';
import { readGuid, readMac } from '../model/identifier.ts';
import type { Site } from './site.ts';
import { findRecord } from './write-records.ts';

/** A device by its name, one of its MAC addresses or its GUID. @throws BW-DEPLOY-007 */
export function findDevice(site: Site, wanted: string): Device {
  const [mac, guid] = [readMac(wanted), readGuid(wanted)];
  const fitting = [...site.devices.values()].filter(
    (device) => (mac !== undefined && device.macs.includes(mac)) || (guid !== undefined && device.guid === guid),
  );
  const [device] = fitting;
  return device !== undefined && fitting.length === 1 ? device : findRecord(site, 'devices', wanted);
}
