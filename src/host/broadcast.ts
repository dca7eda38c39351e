import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { BootwrightError } from '../model/error.ts';

/** Where a broadcast goes, and the own address it leaves from; the system chooses that where it is not given. */
export interface BroadcastTarget {
  readonly address: string;
  readonly from?: string;
}

/**
 * One target per IPv4 address of this machine's adapters. Not 255.255.255.255: that leaves through the adapter of the
 * default route only.
 */
export function ownBroadcasts(): BroadcastTarget[] {
  return Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .flatMap(({ family, internal, address, netmask }) => {
      const broadcast = family === 'IPv4' && !internal ? broadcastOf(address, netmask) : undefined;
      return broadcast === undefined ? [] : [{ address: broadcast, from: address }];
    });
}

/** The last address of a subnet; a link of one or two addresses has none. */
function broadcastOf(address: string, netmask: string): string | undefined {
  const mask = netmask.split('.').map(Number);
  if ((mask[3] ?? 0) >= 254) return undefined;
  return address
    .split('.')
    .map((byte, index) => Number(byte) | (~(mask[index] ?? 0) & 255))
    .join('.');
}

/**
 * Sends every packet to every target, and says to which of them all could be sent.
 *
 * @throws BW-HOST-060 to none of them
 */
export async function broadcast(
  packets: readonly Uint8Array[],
  targets: readonly BroadcastTarget[],
  port: number,
): Promise<BroadcastTarget[]> {
  const reached: BroadcastTarget[] = [];
  const failures: string[] = [];
  for (const target of targets) {
    try {
      await sendAll(packets, target, port);
      reached.push(target);
    } catch (error) {
      failures.push(`${target.address}: ${(error as Error).message}`);
    }
  }
  if (reached.length > 0) return reached;
  const why = failures.join('; ') || 'this machine has no network adapter with an IPv4 subnet';
  throw new BootwrightError('BW-HOST-060', `No wake-up packet was sent: ${why}.`);
}

async function sendAll(packets: readonly Uint8Array[], { address, from }: BroadcastTarget, port: number) {
  const socket = createSocket('udp4');
  try {
    const bound = once(socket, 'listening');
    socket.bind({ port: 0, ...(from === undefined ? {} : { address: from }) });
    await bound;
    socket.setBroadcast(true);
    for (const packet of packets) await send(socket, packet, port, address);
  } finally {
    socket.close();
  }
}

function send(socket: Socket, packet: Uint8Array, port: number, address: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.send(packet, port, address, (error) => (error === null ? resolve() : reject(error)));
  return promise;
}
