import { networkInterfaces } from 'node:os';

/** Addresses of one network adapter of this machine, in CIDR notation. */
export function interfaceAddresses(name: string): string[] {
  return (networkInterfaces()[name] ?? []).flatMap(({ cidr }) => (cidr === null ? [] : [cidr]));
}
