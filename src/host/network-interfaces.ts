import { readdirSync, readFileSync } from 'node:fs';

export interface NetworkInterface {
  readonly name: string;
  /** The kernel's number of it. */
  readonly index: number;
  /** Longest IP packet it carries. */
  readonly mtu: number;
}

/** The adapters of this machine; empty on systems without /sys. */
export function listNetworkInterfaces(): NetworkInterface[] {
  const number = (name: string, file: string): number =>
    Number(readFileSync(`/sys/class/net/${name}/${file}`, 'utf8').trim());
  try {
    return readdirSync('/sys/class/net').flatMap((name) => {
      try {
        return [{ name, index: number(name, 'ifindex'), mtu: number(name, 'mtu') }];
      } catch {
        // An adapter that is just going away, or `bonding_masters`, which is a file.
        return [];
      }
    });
  } catch {
    return [];
  }
}
