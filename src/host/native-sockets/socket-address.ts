import { isIPv4, isIPv6 } from 'node:net';
import { linux } from './linux.ts';

/** `scope` is the interface number of a link-local IPv6 address, else 0. */
export interface SocketAddress {
  readonly address: string;
  readonly port: number;
  readonly scope?: number;
}

/** Room of the longest address, `sockaddr_in6`. */
export const socketAddressSize = 28;

/**
 * The kernel's form, 16 bytes (`sockaddr_in`) or 28 (`sockaddr_in6`).
 *
 * @throws RangeError for what is no address or no port
 */
export function encodeSocketAddress({ address, port, scope = 0 }: SocketAddress): Uint8Array {
  if (!Number.isInteger(port) || port < 0 || port > 0xffff) throw new RangeError(`${port} is no port`);
  const ip = addressBytes(address);
  const bytes = new Uint8Array(ip.length === 4 ? 16 : socketAddressSize);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, ip.length === 4 ? linux.AF_INET : linux.AF_INET6, true);
  view.setUint16(2, port);
  bytes.set(ip, ip.length === 4 ? 4 : 8);
  if (ip.length === 16) view.setUint32(24, scope, true);
  return bytes;
}

/** `undefined` for bytes that are no IPv4 or IPv6 socket address. */
export function decodeSocketAddress(bytes: Uint8Array): SocketAddress | undefined {
  if (bytes.length < 16) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const family = view.getUint16(0, true);
  const port = view.getUint16(2);
  if (family === linux.AF_INET) return { address: addressText(bytes.subarray(4, 8)), port };
  if (family !== linux.AF_INET6 || bytes.length < socketAddressSize) return undefined;
  const scope = view.getUint32(24, true);
  return { address: addressText(bytes.subarray(8, 24)), port, ...(scope === 0 ? {} : { scope }) };
}

/** @throws RangeError for what is no IPv4 or IPv6 address */
export function addressBytes(address: string): Uint8Array {
  if (isIPv4(address)) return Uint8Array.from(address.split('.'), Number);
  if (!isIPv6(address) || address.includes('%')) throw new RangeError(`${address} is no IP address`);
  // `::ffff:192.0.2.1`: the last four bytes may be written as IPv4.
  const tail = address.lastIndexOf(':');
  const last = address.slice(tail + 1);
  const text = isIPv4(last) ? `${address.slice(0, tail + 1)}${ipv4Groups(last)}` : address;
  const [head = '', rest] = text.split('::');
  const before = groups(head);
  const after = rest === undefined ? [] : groups(rest);
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0);
  return Uint8Array.from([...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 255]));
}

const groups = (text: string): number[] =>
  text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));

function ipv4Groups(address: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
  return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}

/** The usual text of 4 or 16 bytes; the longest run of zero groups is left out (RFC 5952). */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const list = Array.from({ length: 8 }, (_, index) => (bytes[2 * index]! << 8) | bytes[2 * index + 1]!);
  let [from, length] = [0, 1];
  for (let start = 0; start < 8; start += 1) {
    let end = start;
    while (end < 8 && list[end] === 0) end += 1;
    if (end - start > length) [from, length] = [start, end - start];
  }
  const text = (part: number[]): string => part.map((group) => group.toString(16)).join(':');
  return length < 2 ? text(list) : `${text(list.slice(0, from))}::${text(list.slice(from + length))}`;
}
