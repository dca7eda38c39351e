import type { Libc } from './libc.ts';
import { errno, linux } from './linux.ts';
import { checked, NativeSocket } from './native-socket.ts';

const addressSize = 20; // sockaddr_ll
const ipv4 = 0x0800;

/**
 * Sends and receives whole IPv4 packets on one interface, addressed by hardware address: the only way to reach a machine
 * that has no IP address yet. Needs root (CAP_NET_RAW).
 */
export class LinkSocket extends NativeSocket {
  readonly #interfaceIndex: number;

  /** @throws SocketError without the right to do so, or when there is no such interface */
  constructor(libc: Libc, interfaceIndex: number) {
    super(libc, linux.AF_PACKET, linux.SOCK_DGRAM, networkOrder(ipv4));
    this.#interfaceIndex = interfaceIndex;
    try {
      const local = linkAddress(interfaceIndex, new Uint8Array(0));
      checked('bind', libc.bind(this.descriptor, local, addressSize));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Sends one IPv4 packet, header included, to a hardware address (6 bytes). 0, or the negative error number. */
  sendPacket(packet: Uint8Array, to: Uint8Array): number {
    if (to.length > 8) throw new RangeError('a hardware address has at most 8 bytes');
    if (this.descriptor < 0) return -errno.EBADF;
    const address = linkAddress(this.#interfaceIndex, to);
    const sent = this.libc.sendto(
      this.descriptor,
      packet,
      packet.length,
      linux.MSG_DONTWAIT | linux.MSG_NOSIGNAL,
      address,
      addressSize,
    );
    return Math.min(sent, 0);
  }
}

const networkOrder = (value: number): number => ((value & 255) << 8) | (value >> 8);

function linkAddress(interfaceIndex: number, hardware: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(addressSize);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, linux.AF_PACKET, true);
  view.setUint16(2, ipv4);
  view.setInt32(4, interfaceIndex, true);
  bytes[11] = hardware.length;
  bytes.set(hardware, 12);
  return bytes;
}
