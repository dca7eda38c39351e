/** Identifiers of machines in one form. All functions answer undefined for what is none. */

/** `AA:BB:CC:DD:EE:FF`, from any of the usual ways to write it. */
export function readMac(text: string): string | undefined {
  return bytesWithColons(text, 12);
}

/** The first three bytes of a MAC address, `AA:BB:CC`. */
export function readOui(text: string): string | undefined {
  return bytesWithColons(text, 6);
}

function bytesWithColons(text: string, digits: number): string | undefined {
  // One kind of separator, evenly: AA:BB…, AA-BB…, AABB.CCDD.EEFF, AABBCC…
  if (!/^([0-9a-f]{2}([:-]?))([0-9a-f]{2}\2)*[0-9a-f]{2}$|^([0-9a-f]{4}\.)+[0-9a-f]{4}$/i.test(text)) return undefined;
  const plain = text.replaceAll(/[^0-9a-f]/gi, '').toUpperCase();
  return plain.length === digits ? plain.match(/../g)!.join(':') : undefined;
}

/** An SMBIOS UUID, upper case with dashes; braces and missing dashes are understood. */
export function readGuid(text: string): string | undefined {
  const match =
    /^\{?([0-9a-f]{8})(-?)([0-9a-f]{4})\2([0-9a-f]{4})\2([0-9a-f]{4})\2([0-9a-f]{12})\}?$/i.exec(text) ?? undefined;
  if (match === undefined) return undefined;
  const [, first, , second, third, fourth, fifth] = match;
  return [first, second, third, fourth, fifth].join('-').toUpperCase();
}

export interface Address {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

export interface Subnet extends Address {
  readonly prefix: number;
}

/** An IPv4 or IPv6 address; one of IPv4 written as IPv6 (`::ffff:10.0.0.1`) is one of IPv4. */
export function readAddress(text: string): Address | undefined {
  if (!text.includes(':')) {
    const value = readIpv4(text);
    return value === undefined ? undefined : { bits: 32, value };
  }
  // A zone (`fe80::1%eth0`) names the link, not the address.
  const value = readIpv6(text.replace(/%.*$/, ''));
  if (value === undefined) return undefined;
  return value >> 32n === 0xffffn ? { bits: 32, value: value & 0xffffffffn } : { bits: 128, value };
}

/** CIDR notation. Bits behind the prefix are dropped. */
export function readSubnet(text: string): Subnet | undefined {
  const match = /^(.+)\/(\d{1,3})$/.exec(text);
  const address = match === null ? undefined : readAddress(match[1]!);
  if (match === null || address === undefined) return undefined;
  const mapped = address.bits === 32 && match[1]!.includes(':');
  const prefix = Number(match[2]) - (mapped ? 96 : 0);
  if (prefix < 0 || prefix > address.bits) return undefined;
  return { bits: address.bits, value: networkOf(address, prefix), prefix };
}

/** The address with all bits behind the prefix cleared. */
export function networkOf({ bits, value }: Address, prefix: number): bigint {
  const host = BigInt(bits - prefix);
  return (value >> host) << host;
}

function readIpv4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) {
    return undefined;
  }
  return parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

function readIpv6(text: string): bigint | undefined {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (dotted !== null) {
    const low = readIpv4(dotted[2]!);
    return low === undefined
      ? undefined
      : readIpv6(`${dotted[1]}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`);
  }
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => '0'), ...tail];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}
