import type { MediumBinding } from './medium.ts';
import type { SequenceVariable } from './sequence.ts';

/** What a bootable medium brings its agent instead of a policy: whom to ask, and what to say there. */
export interface BootableSettings {
  readonly format: 'bootwright-bootable/1';
  readonly organisation: string;
  readonly siteName: string;
  /** In the order they are to be tried. */
  readonly servers: readonly MediumServer[];
  /** Certificate authorities of the servers, PEM. */
  readonly authority: string;
  /** Whether machines the site has no record of may ask too. */
  readonly unknownComputers: boolean;
  /** They beat those of the sequence, of collections and of devices. */
  readonly variables: readonly SequenceVariable[];
  /** Runs before the network is set up. */
  readonly prestart?: MediumPrestart;
  readonly unattended: boolean;
  /** The boot image offers a shell, also where a step failed. */
  readonly allowShell: boolean;
  readonly keyboard: string;
  /** ISO 8601 UTC; compared with the clock once a server has set it. */
  readonly validFrom?: string;
  readonly validTo?: string;
}

export interface MediumPrestart {
  readonly command: string;
  /** Folder on the medium, relative to its root, that it runs in: the files it needs. */
  readonly folder?: string;
}

export interface MediumServer {
  /** Origin: `https://deploy.example.org:8443`. */
  readonly url: string;
  /** CIDR notation: machines with an address in one of them ask this server first. Empty: everybody, after those. */
  readonly subnets: readonly string[];
}

/** As it lies on the medium. */
export type BoundSettings = BootableSettings & MediumBinding;

/** More would keep a machine waiting for minutes before it says that none answers. */
export const mostServers = 16;

/** `https://deploy.example.org:8443,10.1.0.0/16`, as people type it. Whether it can be used is another question. */
export function readBootableServer(text: string): MediumServer {
  const [url = '', ...subnets] = text.split(',').map((part) => part.trim());
  // The trailing slash is how browsers copy an origin.
  return { url: url.replace(/\/$/, ''), subnets };
}

export function formatBootableServer({ url, subnets }: MediumServer): string {
  return subnets.length === 0 ? url : `${url} (first for ${subnets.join(', ')})`;
}
