import { HttpsClient } from '../../host/https-client.ts';
import { randomBytes } from '../../host/random.ts';
import { BootwrightError } from '../../model/error.ts';
import type { Registration } from '../../model/protocol.ts';
import type { AgentContext } from '../context.ts';
import { knownHosts } from '../online/connect.ts';
import { EnvelopeReader } from '../online/envelope.ts';
import { checkVersions, greet } from '../online/greeting.ts';
import { Servers } from '../online/servers.ts';
import { type Online, register, type Session } from '../online/session.ts';
import { readSettings } from '../online/settings.ts';

/** What the site says about this running system now. */
export interface Inquiry {
  readonly online: Online;
  readonly session: Session;
  readonly registration: Registration;
  /** Of this inquiry; becomes that of the run, should there be one. */
  readonly mark: string;
}

/** Asks a server of the site. The network is there, and the clock is the system's own. @throws BW-AGENT-030 to -039 */
export async function inquire(context: AgentContext): Promise<Inquiry> {
  const mark = Buffer.from(randomBytes(16)).toString('hex');
  const settings = { ...(await readSettings(context.paths)), client: { mark } };
  const { network } = settings;
  const client = new HttpsClient(settings.authority, await knownHosts(context.paths));
  client.useProxy(network.proxy);
  const servers = new Servers(
    client,
    settings.servers.map(({ url }) => url),
  );
  const setClock = async (): Promise<never> => {
    throw new Error('a running system keeps its own time');
  };
  checkVersions(await patiently(context, () => greet(context, servers, client, { setClock, isAttended: false })));
  const online = {
    settings,
    client,
    servers,
    network: { settings: network },
    reader: new EnvelopeReader(settings.keys),
  };
  const session = await register(context, online);
  context.mask.add(session.id);
  return { online, session, registration: session.registration, mark };
}

const tries = 6;
const pause = 10_000;

/** After a start of the machine the network may come a minute later than we do. */
async function patiently<T>(context: AgentContext, ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask();
    } catch (error) {
      const isAway = error instanceof BootwrightError && error.code === 'BW-AGENT-035';
      if (!isAway || attempt === tries) throw error;
      await context.clock.sleep(pause);
    }
  }
}

/** Nothing is wanted of the session: the server may forget it. */
export async function dismiss({ online, session }: Inquiry): Promise<void> {
  await online.servers.json({ method: 'DELETE', path: `/v1/sessions/${session.id}` }).catch(() => undefined);
}
