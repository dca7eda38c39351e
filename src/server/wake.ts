import { magicPacket, wakePort } from '../formats/wake-on-lan.ts';
import { type BroadcastTarget, broadcast, ownBroadcasts } from '../host/broadcast.ts';
import { sleep } from '../host/clock.ts';
import type { Device } from '../model/deployment.ts';
import { BootwrightError } from '../model/error.ts';
import { readSubnet } from '../model/identifier.ts';
import type { SeenMachine } from './state/machines.ts';

/** A frame may be lost on the way to an adapter that sleeps, and nobody answers. */
const repetitions = 3;
const pauseMilliseconds = 150;

export interface Waking {
  /** MAC addresses by name of the device. */
  readonly woken: Readonly<Record<string, readonly string[]>>;
  /** Devices nobody knows a MAC address of. */
  readonly unknown: readonly string[];
  /** Broadcast addresses the packets went to. */
  readonly broadcasts: readonly string[];
}

/**
 * Sends wake-up packets to the subnets of this machine's adapters or, as directed broadcasts, to those that are named.
 * MAC addresses come from the devices' files, else from what their machines said of themselves. Whether a machine wakes
 * is not known.
 *
 * @throws BW-DEPLOY-061 of none of them a MAC address is known, BW-HOST-060, BW-DEPLOY-013 a subnet that is none
 */
export async function wakeDevices(
  devices: readonly Device[],
  seen: readonly SeenMachine[],
  subnets: readonly string[],
): Promise<Waking> {
  const targets = subnets.length > 0 ? subnets.map(directed) : ownBroadcasts();
  const macsOf = ({ name, macs }: Device): readonly string[] =>
    macs.length > 0
      ? macs
      : seen
          .filter((machine) => machine.name.toLowerCase() === name.toLowerCase())
          .flatMap(({ record }) => record.facts.macAddresses);
  const found = devices.map((device) => [device.name, macsOf(device)] as const);
  const unknown = found.filter(([, macs]) => macs.length === 0).map(([name]) => name);
  if (unknown.length === devices.length)
    throw new BootwrightError('BW-DEPLOY-061', `No MAC address is known of ${unknown.join(', ')}.`);
  const packets = found.flatMap(([, macs]) => macs.map(magicPacket));
  let reached: BroadcastTarget[] = [];
  for (let repetition = 0; repetition < repetitions; repetition += 1) {
    if (repetition > 0) await sleep(pauseMilliseconds);
    reached = await broadcast(packets, targets, wakePort);
  }
  return {
    woken: Object.fromEntries(found.filter(([, macs]) => macs.length > 0)),
    unknown,
    broadcasts: reached.map(({ address }) => address),
  };
}

function directed(text: string): BroadcastTarget {
  const subnet = readSubnet(text);
  if (subnet === undefined || subnet.bits !== 32)
    throw new BootwrightError('BW-DEPLOY-013', `"${text}" is no IPv4 subnet.`, {
      fix: 'Write the subnet the machines are in as 10.1.2.0/24.',
    });
  const last = Number(subnet.value) + 2 ** (32 - subnet.prefix) - 1;
  return { address: [24, 16, 8, 0].map((shift) => Math.floor(last / 2 ** shift) % 256).join('.') };
}
