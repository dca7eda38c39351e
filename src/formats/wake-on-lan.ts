/** UDP port of wake-up packets: discard. Nobody listens; the adapter looks into every frame that reaches it. */
export const wakePort = 9;

/**
 * AMD's magic packet: six bytes 0xFF and the MAC address (`AA:BB:CC:DD:EE:FF`) sixteen times. Without a SecureOn
 * password behind it: adapters that ask for one are rare, and it would travel in the clear.
 */
export function magicPacket(mac: string): Uint8Array {
  const address = Buffer.from(mac.replaceAll(':', ''), 'hex');
  if (address.length !== 6) throw new RangeError(`${mac} is no MAC address`);
  return Buffer.concat([Buffer.alloc(6, 0xff), ...Array.from({ length: 16 }, () => address)]);
}
