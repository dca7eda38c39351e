import * as z from 'zod';
import { exists, readdir, readText } from '../../host/files.ts';
import { HttpsClient } from '../../host/https-client.ts';
import type { MediumServer } from '../../model/bootable.ts';
import { BootwrightError } from '../../model/error.ts';
import type { MediumFacts } from '../../model/medium.ts';
import { type NetworkSettings, networkSettingsSchema } from '../../model/network.ts';
import type { SequenceVariable } from '../../model/sequence.ts';
import { type PublicKey, parsePublicKey } from '../../trust/public-key.ts';
import type { DateRange } from '../dates.ts';
import type { AgentPaths } from '../paths.ts';
import type { OwnBootImage } from './boot-image.ts';

/** What an online agent was started with: whom to ask, and whom to believe. */
export interface OnlineSettings {
  /** Origins, `https://host:port`, in the order they are to be tried. */
  readonly servers: readonly MediumServer[];
  readonly siteName: string;
  /** PEM. */
  readonly authority: string;
  /** Active signing keys of the site. */
  readonly keys: readonly PublicKey[];
  /** Of the medium the agent was started from, if any. */
  readonly medium: MediumFacts | undefined;
  /** Whether a machine the site has no record of may ask. */
  readonly unknownComputers: boolean;
  /** Of the medium; they beat those of the policy. */
  readonly variables: readonly SequenceVariable[];
  /** Nobody is asked before the sequence starts. */
  readonly unattended: boolean;
  readonly allowShell: boolean;
  /** When the medium may be used. */
  readonly range: DateRange;
  /** What this agent was started from. */
  readonly bootImage: OwnBootImage;
  /** DHCP everywhere when nothing is said. */
  readonly network: NetworkSettings;
  /** Only on a running system: what marks on its disk what a run leaves there, in place of a medium's number. */
  readonly client?: { readonly mark: string };
}

const file = z.object({
  servers: z
    .array(z.url({ protocol: /^https$/ }).transform((text) => new URL(text).origin))
    .min(1)
    .max(16),
  siteName: z.string().max(256),
  variables: z.record(z.string(), z.string()).default({}),
  network: networkSettingsSchema.default({}),
});

/** @throws BW-AGENT-036 */
export async function readSettings({ etc, server }: AgentPaths): Promise<OnlineSettings> {
  try {
    const { servers, siteName, variables, network } = file.parse(JSON.parse(await readText(server)));
    const authority = await readText(`${etc}/ca.pem`);
    new HttpsClient(authority).close();
    const medium = await mediumFacts(etc);
    return {
      ...{ servers: servers.map((url) => ({ url, subnets: [] })), siteName, authority, keys: await signingKeys(etc) },
      ...{ medium, network, bootImage: await ownBootImage(etc, medium), unattended: medium?.unattended === true },
      variables: Object.entries(variables).map(([name, value]) => ({ name, value })),
      ...{ unknownComputers: true, allowShell: false, range: {} },
    };
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : String((cause as Error).message ?? cause);
    throw new BootwrightError('BW-AGENT-036', `What names the server cannot be used: ${why}`, { cause });
  }
}

/** The keys whose signatures are believed: the initramfs brought them, not the tree that is to be checked. */
export async function signingKeys(etc: string): Promise<PublicKey[]> {
  const keys: PublicKey[] = [];
  for (const name of (await readdir(`${etc}/keys`)).filter((entry) => entry.endsWith('.pub')).sort())
    keys.push(parsePublicKey(await readText(`${etc}/keys/${name}`), name));
  const signing = keys.filter(({ purpose, status }) => purpose === 'signing' && status === 'active');
  if (signing.length === 0) throw new Error('there is no active signing key');
  return signing;
}

/** Beside the keys, where another boot image than the medium's is used. */
export const ownBootImageFile = 'boot-image.json';

const ownBootImageSchema = z.object({ id: z.string().exactOptional(), built: z.string().exactOptional() });

/** The boot image this agent came with: what the medium says of its own counts only when nothing else was started. */
export async function ownBootImage(etc: string, medium: MediumFacts | undefined): Promise<OwnBootImage> {
  const path = `${etc}/${ownBootImageFile}`;
  if (await exists(path)) return ownBootImageSchema.parse(JSON.parse(await readText(path)));
  return medium?.bootImage ?? {};
}

async function mediumFacts(etc: string): Promise<MediumFacts | undefined> {
  const path = `${etc}/medium.json`;
  if (!(await exists(path))) return undefined;
  const facts = JSON.parse(await readText(path)) as MediumFacts;
  if (facts.format !== 'bootwright-medium/1') throw new Error('medium.json is in an unknown form');
  return facts;
}
