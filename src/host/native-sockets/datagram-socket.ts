import type { Libc } from './libc.ts';
import { linux } from './linux.ts';
import { checked, NativeSocket } from './native-socket.ts';
import { decodeSocketAddress, encodeSocketAddress, type SocketAddress, socketAddressSize } from './socket-address.ts';

export interface DatagramSocketOptions {
  readonly local: SocketAddress;
  /** Only what comes through this interface is received, and everything leaves through it. */
  readonly interface?: string;
  /** Say of every datagram which own address it was sent to, and through which interface it came. */
  readonly packetInformation?: boolean;
  readonly broadcast?: boolean;
  readonly reuseAddress?: boolean;
  /** The differentiated services code point, 0 to 63. */
  readonly codePoint?: number;
  readonly receiveBuffer?: number;
  readonly sendBuffer?: number;
}

const families = {
  4: {
    ...{ level: linux.IPPROTO_IP, domain: linux.AF_INET, mtuDiscover: linux.IP_MTU_DISCOVER },
    ...{ receiveErrors: linux.IP_RECVERR, packetInformation: linux.IP_PKTINFO, serviceClass: linux.IP_TOS },
  },
  6: {
    ...{ level: linux.IPPROTO_IPV6, domain: linux.AF_INET6, mtuDiscover: linux.IPV6_MTU_DISCOVER },
    ...{
      receiveErrors: linux.IPV6_RECVERR,
      packetInformation: linux.IPV6_RECVPKTINFO,
      serviceClass: linux.IPV6_TCLASS,
    },
  },
} as const;

/**
 * A UDP socket that may be fragmented by routers (no DF, RFC 1350 clients cannot do path MTU discovery) and that hears
 * of its peers' closed ports.
 */
export class DatagramSocket extends NativeSocket {
  readonly #family: (typeof families)[4 | 6];

  /** @throws SocketError when the address is in use, not of this machine, or the interface is not there */
  constructor(libc: Libc, options: DatagramSocketOptions) {
    const local = encodeSocketAddress(options.local);
    const family = families[local.length === socketAddressSize ? 6 : 4];
    if (options.interface !== undefined && !/^[^\0/\s]{1,15}$/.test(options.interface)) {
      throw new RangeError(`${options.interface} is no name of an interface`);
    }
    super(libc, family.domain, linux.SOCK_DGRAM, 0);
    this.#family = family;
    try {
      if (family.domain === linux.AF_INET6) this.set(family.level, linux.IPV6_V6ONLY, 1);
      this.set(family.level, family.mtuDiscover, linux.PMTUDISC_DONT);
      this.set(family.level, family.receiveErrors, 1);
      if (options.packetInformation === true) this.set(family.level, family.packetInformation, 1);
      if (options.interface !== undefined) this.set(linux.SOL_SOCKET, linux.SO_BINDTODEVICE, options.interface);
      if (options.broadcast === true) this.set(linux.SOL_SOCKET, linux.SO_BROADCAST, 1);
      if (options.reuseAddress === true) this.set(linux.SOL_SOCKET, linux.SO_REUSEADDR, 1);
      // The upper six bits of the byte; the lower two are for congestion notification.
      if (options.codePoint !== undefined) this.set(family.level, family.serviceClass, (options.codePoint & 63) << 2);
      if (options.receiveBuffer !== undefined)
        this.setBuffer(linux.SO_RCVBUF, linux.SO_RCVBUFFORCE, options.receiveBuffer);
      if (options.sendBuffer !== undefined) this.setBuffer(linux.SO_SNDBUF, linux.SO_SNDBUFFORCE, options.sendBuffer);
      checked('bind', libc.bind(this.descriptor, local, local.length));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The address the socket is bound to. @throws SocketError once closed */
  get local(): SocketAddress {
    const raw = new Uint8Array(socketAddressSize);
    const length = new Uint8Array(Uint32Array.of(raw.length).buffer);
    checked('getsockname', this.libc.getsockname(this.descriptor, raw, length));
    return decodeSocketAddress(raw) ?? { address: '', port: 0 };
  }

  /** What the kernel keeps for the socket; it doubles what it was asked for. */
  get receiveBuffer(): number {
    return this.getNumber(linux.SOL_SOCKET, linux.SO_RCVBUF);
  }

  get codePoint(): number {
    return this.getNumber(this.#family.level, this.#family.serviceClass) >> 2;
  }

  /** False: routers may cut what is sent. */
  get forbidsFragments(): boolean {
    return this.getNumber(this.#family.level, this.#family.mtuDiscover) !== linux.PMTUDISC_DONT;
  }
}
