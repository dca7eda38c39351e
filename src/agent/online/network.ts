import { exists, readText, rm, writeAtomically } from '../../host/files.ts';
import { run } from '../../host/process.ts';
import { BootwrightError } from '../../model/error.ts';
import type { FixedAddress, NetworkSettings } from '../../model/network.ts';
import type { NetworkAdapter } from '../../model/protocol.ts';
import type { AgentContext } from '../context.ts';
import { readAdapters } from './machine-record.ts';

/** Brings the network up; tests have theirs already. */
export interface Network {
  /** What is there, to choose from and to look at. */
  adapters(): Promise<readonly NetworkAdapter[]>;
  /**
   * Makes the network what the settings say; what earlier settings made goes. No DHCP server is no failure: there may be
   * another way (IPv6 configures itself).
   *
   * @throws BW-AGENT-070 no such adapter, or none with a link for a static address; what a program refuses
   */
  apply(settings: NetworkSettings): Promise<void>;
}

export interface NetworkPlaces {
  readonly adapters: () => Promise<readonly NetworkAdapter[]>;
  /** What udhcpc calls. */
  readonly script: string;
  /** Where its process ids lie. */
  readonly state: string;
}

const linkWait = 10_000;
const pause = 250;

const places: NetworkPlaces = {
  adapters: () => readAdapters('/sys'),
  script: '/usr/lib/bootwright/dhcp',
  state: '/run/bootwright',
};

export function machineNetwork(
  { clock, emit }: Pick<AgentContext, 'clock' | 'emit'>,
  { adapters, script, state }: NetworkPlaces = places,
): Network {
  const say = (text: string): void => emit({ type: 'log', severity: 'info', component: 'Network', text });
  const pidFile = (name: string): string => `${state}/udhcpc.${name}`;
  let applied: string | undefined;

  /** A link takes seconds to come up, and longer behind a switch with spanning tree. */
  const withLink = async (wanted: string | undefined): Promise<string[]> => {
    const find = async (): Promise<NetworkAdapter[]> =>
      (await adapters()).filter((adapter) => wanted === undefined || isCalled(adapter, wanted));
    let chosen = await find();
    // Drivers of slow machines are still being loaded.
    for (let waited = 0; chosen.length === 0 && waited < linkWait; waited += pause) {
      await clock.sleep(pause);
      chosen = await find();
    }
    if (chosen.length === 0 && wanted !== undefined)
      throw new BootwrightError('BW-AGENT-070', `This machine has no network adapter ${wanted}.`);
    for (const { name } of chosen) await run('ip', ['link', 'set', name, 'up'], { accept: [1, 2] });
    const names = new Set(chosen.map(({ name }) => name));
    for (let waited = 0; ; waited += pause) {
      const now = (await adapters()).filter(({ name }) => names.has(name));
      const linked = now.filter(({ link }) => link).map(({ name }) => name);
      if (linked.length > 0 || waited >= linkWait) {
        const without = now.filter(({ link }) => !link).map(({ name, mac }) => `${name} (${mac})`);
        if (without.length > 0) say(`No link: ${without.join(', ')}`);
        return linked;
      }
      await clock.sleep(pause);
    }
  };

  /** It stays in the background and renews the lease: a deployment may take longer than one lasts. */
  const lease = async (name: string): Promise<string> => {
    if (await exists(pidFile(name))) return 'has a lease already';
    // Through a shell, because what stays in the background would keep our pipe open.
    const line = 'exec udhcpc -i "$1" -p "$2" -s "$3" -t 6 -T 2 -n -S >/dev/null 2>&1';
    const { code } = await run('sh', ['-c', line, 'sh', name, pidFile(name), script], { accept: [1, 2] });
    return code === 0 ? 'has a lease' : 'no DHCP server answers';
  };

  const endLease = async (name: string): Promise<void> => {
    const id = (await readText(pidFile(name)).catch(() => '')).trim();
    if (!/^\d+$/.test(id)) return;
    await run('kill', [id], { accept: [1] });
    await rm(pidFile(name), { force: true });
  };

  /** Commands that take IPv6 addresses and routes away again. */
  const added: string[][] = [];
  const setFixed = async (name: string, { address, gateway, nameServer }: FixedAddress): Promise<void> => {
    const set = async (...args: string[]): Promise<void> => {
      await run('ip', args);
    };
    await set('addr', 'add', address, 'dev', name);
    const family = gateway.includes(':') ? '-6' : '-4';
    if (gateway !== '') await set(family, 'route', 'replace', 'default', 'via', gateway, 'dev', name);
    // IPv4 is cleared as a whole; IPv6 has what the network itself says, which stays.
    if (address.includes(':')) added.push(['addr', 'del', address, 'dev', name]);
    if (family === '-6') added.push(['-6', 'route', 'del', 'default', 'via', gateway, 'dev', name]);
    if (nameServer !== '') await writeAtomically('/etc/resolv.conf', `nameserver ${nameServer}\n`);
  };

  /** Links made for VLANs, to be taken away again. */
  const made: string[] = [];
  const tagged = async (name: string, vlan: number | undefined): Promise<string> => {
    if (vlan === undefined) return name;
    const link = `${name.slice(0, 10)}.${vlan}`;
    await run('ip', ['link', 'add', 'link', name, 'name', link, 'type', 'vlan', 'id', String(vlan)]);
    made.push(link);
    await run('ip', ['link', 'set', link, 'up']);
    return link;
  };

  const undo = async (): Promise<void> => {
    for (const command of added.splice(0)) await run('ip', command, { accept: [1, 2] });
    for (const name of [...made, ...(await adapters()).map((adapter) => adapter.name)]) {
      await endLease(name);
      for (const what of ['addr', 'route']) await run('ip', ['-4', what, 'flush', 'dev', name], { accept: [1, 2] });
    }
    for (const name of made.splice(0)) await run('ip', ['link', 'del', name], { accept: [1, 2] });
  };

  return {
    adapters,
    async apply(settings) {
      const { adapter, vlan, fixed } = settings;
      const wanted = JSON.stringify([adapter, vlan, fixed]);
      // A retry keeps leases, and asks for them where there was no link or no server before.
      if (applied !== undefined && (applied !== wanted || fixed !== undefined || vlan !== undefined)) await undo();
      applied = wanted;
      const names = await withLink(adapter);
      say(names.length === 0 ? 'No network adapter has a link.' : `Adapters with a link: ${names.join(', ')}`);
      if (fixed === undefined) {
        const links: string[] = [];
        for (const name of names) links.push(await tagged(name, vlan));
        await Promise.all(links.map((name) => lease(name).then((text) => say(`${name}: ${text}`))));
        return;
      }
      const [name] = names;
      if (name === undefined)
        throw new BootwrightError('BW-AGENT-070', 'No network adapter has a link: a static address is of no use.');
      await setFixed(await tagged(name, vlan), fixed);
    },
  };
}

function isCalled({ name, mac }: NetworkAdapter, wanted: string): boolean {
  return name === wanted || mac.toLowerCase() === wanted.toLowerCase().replaceAll('-', ':');
}
