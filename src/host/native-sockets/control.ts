import { linux } from './linux.ts';
import { addressBytes, addressText } from './socket-address.ts';

/** Where a datagram arrived, or is to leave: the own address and the interface, by its number. */
export interface PacketInformation {
  readonly address: string;
  readonly interfaceIndex: number;
}

export interface ControlMessage {
  readonly level: number;
  readonly type: number;
  readonly data: Uint8Array;
}

const headerSize = 16;
const aligned = (length: number): number => (length + 7) & ~7;

/** Reads control messages (`cmsghdr`). What is cut off or lies about its length ends the list. */
export function decodeControl(bytes: Uint8Array): ControlMessage[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const messages: ControlMessage[] = [];
  for (let at = 0; at + headerSize <= bytes.length; ) {
    const length = view.getUint32(at, true);
    if (view.getUint32(at + 4, true) !== 0 || length < headerSize || length > bytes.length - at) break;
    messages.push({
      level: view.getInt32(at + 8, true),
      type: view.getInt32(at + 12, true),
      data: bytes.subarray(at + headerSize, at + length),
    });
    at += aligned(length);
  }
  return messages;
}

export function encodeControl(messages: readonly ControlMessage[]): Uint8Array {
  const size = messages.reduce((sum, { data }) => sum + headerSize + aligned(data.length), 0);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { level, type, data } of messages) {
    view.setUint32(at, headerSize + data.length, true);
    view.setInt32(at + 8, level, true);
    view.setInt32(at + 12, type, true);
    bytes.set(data, at + headerSize);
    at += headerSize + aligned(data.length);
  }
  return bytes;
}

/** The own address a datagram was sent to, and the interface it came through. */
export function packetInformation(messages: readonly ControlMessage[]): PacketInformation | undefined {
  for (const { level, type, data } of messages) {
    const view = new DataView(data.buffer, data.byteOffset, data.length);
    if (level === linux.IPPROTO_IP && type === linux.IP_PKTINFO && data.length >= 12) {
      // The middle word is the own address even when the datagram was a broadcast.
      return { interfaceIndex: view.getInt32(0, true), address: addressText(data.subarray(4, 8)) };
    }
    if (level === linux.IPPROTO_IPV6 && type === linux.IPV6_PKTINFO && data.length >= 20) {
      return { interfaceIndex: view.getUint32(16, true), address: addressText(data.subarray(0, 16)) };
    }
  }
  return undefined;
}

/** Says through which interface and from which own address a datagram leaves. An interface number of 0 leaves that open. */
export function sendFrom({ address, interfaceIndex }: PacketInformation): ControlMessage {
  const ip = addressBytes(address);
  const data = new Uint8Array(ip.length === 4 ? 12 : 20);
  const view = new DataView(data.buffer);
  data.set(ip, ip.length === 4 ? 4 : 0);
  view.setUint32(ip.length === 4 ? 0 : 16, interfaceIndex, true);
  return ip.length === 4
    ? { level: linux.IPPROTO_IP, type: linux.IP_PKTINFO, data }
    : { level: linux.IPPROTO_IPV6, type: linux.IPV6_PKTINFO, data };
}

/** Has the kernel cut one send into datagrams of this many bytes. */
export function segmentsOf(length: number): ControlMessage {
  const data = new Uint8Array(2);
  new DataView(data.buffer).setUint16(0, length, true);
  return { level: linux.SOL_UDP, type: linux.UDP_SEGMENT, data };
}

/** What the kernel reports about an earlier send (`sock_extended_err`): an error number, e.g. ECONNREFUSED. */
export function reportedError(messages: readonly ControlMessage[]): number | undefined {
  for (const { level, type, data } of messages) {
    const isReport =
      (level === linux.IPPROTO_IP && type === linux.IP_RECVERR) ||
      (level === linux.IPPROTO_IPV6 && type === linux.IPV6_RECVERR);
    if (isReport && data.length >= 16) return new DataView(data.buffer, data.byteOffset).getUint32(0, true);
  }
  return undefined;
}
