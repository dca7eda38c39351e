import type { BootwrightError } from '../../model/error.ts';
import {
  type FixedAddress,
  type NetworkSettings,
  parseFixedAddress,
  parseProxy,
  parseVlan,
} from '../../model/network.ts';
import type { NetworkAdapter } from '../../model/protocol.ts';
import type { AgentContext } from '../context.ts';
import { type Block, gap, type Page, text } from '../page.ts';
import { ask } from '../question.ts';
import { saveLogsAndTell } from '../save-logs.ts';
import { typeLine } from '../type-line.ts';

export const addressQuestion = 'Which address is this machine to use?';

/** Switches, cables and servers come back; nobody need stand there when they do. */
const secondsToRetry = 60;

/** What the network is set to, with what no file may hold. */
export interface TypedNetwork {
  readonly settings: NetworkSettings;
  /** `user:password` for the proxy; only ever in memory, or sealed by the TPM. */
  readonly account?: string | undefined;
}

type Answer = 'retry' | 'adapter' | 'address' | 'vlan' | 'proxy' | 'logs' | 'restart';

/** No server answers: tries again, with what somebody changed meanwhile. Restarts when told to. */
export async function askAboutNetwork(
  context: AgentContext,
  error: BootwrightError,
  adapters: readonly NetworkAdapter[],
  before: TypedNetwork,
): Promise<TypedNetwork> {
  let network = before;
  for (let note = ''; ; ) {
    const answered = await ask<Answer>(context, {
      prompt: 'network',
      page: (left) => networkPage({ error, adapters, network, note }, left),
      answers: { r: 'retry', a: 'adapter', s: 'address', v: 'vlan', p: 'proxy', l: 'logs', enter: 'restart' },
      // Somebody who changes something has time for it.
      ...(network === before ? { countdown: { seconds: secondsToRetry, answer: 'retry' as const } } : {}),
    });
    if (answered === undefined || answered.answer === 'retry') return network;
    if (answered.answer === 'restart') return context.restart();
    if (answered.answer === 'logs') note = await saveLogsAndTell(context);
    else {
      network = await change(context, answered.answer, adapters, network);
      note = network === before ? '' : 'R tries it.';
    }
  }
}

async function change(
  context: AgentContext,
  what: 'adapter' | 'address' | 'vlan' | 'proxy',
  adapters: readonly NetworkAdapter[],
  network: TypedNetwork,
): Promise<TypedNetwork> {
  const { settings } = network;
  const say = (answer: string): void => context.emit({ type: 'prompt.answered', prompt: 'network', answer });
  const changed = (more: Partial<NetworkSettings>): TypedNetwork => ({
    ...network,
    settings: { ...settings, ...more },
  });
  if (what === 'adapter') {
    const names = [undefined, ...adapters.map(({ name }) => name)];
    const adapter = names[(names.indexOf(settings.adapter) + 1) % names.length];
    say(`adapter ${adapter ?? 'any'}`);
    return changed({ adapter });
  }
  if (what === 'address') {
    const fixed = await typeAddress(context);
    if (fixed === undefined) return network;
    say(fixed === 'dhcp' ? 'address by DHCP' : `address ${Object.values(fixed).join(' ').trim()}`);
    return changed({ fixed: fixed === 'dhcp' ? undefined : fixed });
  }
  if (what === 'vlan') {
    const vlan = await typeLine(context, {
      ...{ id: 'network-vlan', title: 'Which VLAN is this machine in?' },
      help: ['The number of the tag (802.1Q), 1 to 4094. Nothing: no tag.'],
      read: (typed) => (typed.trim() === '' ? 0 : parseVlan(typed)),
      wrong: (typed) => `"${typed}" is no number from 1 to 4094.`,
    });
    if (vlan === undefined) return network;
    say(vlan === 0 ? 'no VLAN' : `VLAN ${vlan}`);
    return changed({ vlan: vlan === 0 ? undefined : vlan });
  }
  return typeProxy(context, network);
}

/** `undefined`: Escape was pressed. */
export function typeAddress(context: AgentContext): Promise<FixedAddress | 'dhcp' | undefined> {
  return typeLine(context, {
    ...{ id: 'network-address', title: addressQuestion },
    help: ['Address/prefix, gateway and DNS server, for example 192.0.2.10/24 192.0.2.1 192.0.2.53. Nothing: by DHCP.'],
    read: (typed) => (typed.trim() === '' ? ('dhcp' as const) : parseFixedAddress(typed)),
    wrong: (typed) => `"${typed}" is not an address with prefix, a gateway and a DNS server.`,
  });
}

/** The account is never shown, emitted or written. */
async function typeProxy(context: AgentContext, network: TypedNetwork): Promise<TypedNetwork> {
  const proxy = await typeLine(context, {
    ...{ id: 'network-proxy', title: 'Which proxy leads to the server?' },
    help: ['Host and port, for example proxy.example.org:3128. Nothing: none.'],
    read: (typed) => (typed.trim() === '' ? 'none' : parseProxy(typed)),
    wrong: (typed) => (typed.includes('@') ? 'The account is asked for next.' : `"${typed}" is no host with a port.`),
  });
  if (proxy === undefined) return network;
  const answer = proxy === 'none' ? 'no proxy' : `proxy ${proxy}`;
  context.emit({ type: 'prompt.answered', prompt: 'network', answer });
  const settings = { ...network.settings, proxy: proxy === 'none' ? undefined : proxy };
  if (proxy === 'none') return { settings };
  const line = { read: (typed: string) => typed, wrong: () => '' };
  const user = await typeLine(context, {
    ...{ id: 'network-proxy-user', title: `Account for ${proxy}`, label: 'User: ', ...line },
    help: ['Nothing when the proxy asks for no account.'],
  });
  if (user === undefined || user === '') return { settings };
  const password = await typeLine(context, {
    ...{ id: 'network-proxy-password', title: `Account for ${proxy}`, label: 'Password: ', isSecret: true, ...line },
    help: [`Password of ${user}. It is sent to the proxy unencrypted, as proxies have it, and not kept on a disk.`],
  });
  if (password === undefined) return network;
  const account = `${user}:${password}`;
  if (password !== '') context.mask.add(password);
  context.mask.add(Buffer.from(account).toString('base64'));
  return { settings, account };
}

export interface NetworkPageFacts {
  readonly error: Pick<BootwrightError, 'message'>;
  readonly adapters: readonly NetworkAdapter[];
  readonly network: TypedNetwork;
  readonly note: string;
}

/** What is there, what was tried, and what can be changed. Pure. */
export function networkPage({ error, adapters, network, note }: NetworkPageFacts, left: number | undefined): Page {
  const { adapter, vlan, fixed, proxy } = network.settings;
  const account = network.account === undefined ? '' : ', with account';
  const facts: [string, string][] = [
    ['Adapter', adapter ?? 'every one with a link'],
    ['VLAN', vlan === undefined ? 'no tag' : String(vlan)],
    ['Address', fixed === undefined ? 'by DHCP' : `${fixed.address} ${fixed.gateway} ${fixed.nameServer}`.trim()],
    ['Proxy', proxy === undefined ? 'none' : `${proxy}${account}`],
  ];
  const waiting: Block =
    left === undefined ? text('Waiting.') : { kind: 'live', text: `The next try is in ${left} s; Esc waits.` };
  return {
    id: `network${left === undefined ? '-waiting' : ''}`,
    title: 'No server answers',
    tone: 'warning',
    blocks: [
      text(error.message),
      gap,
      ...(adapters.length === 0
        ? [text('This machine has no network adapter that this boot image has a driver for.')]
        : [{ kind: 'list' as const, items: adapters.slice(0, 6).map(describeAdapter) }]),
      { kind: 'facts', facts },
      ...(note === '' ? [] : [gap, text(note)]),
      gap,
      waiting,
    ],
    keys: [
      { key: 'R', text: 'retry' },
      { key: 'A', text: 'adapter' },
      { key: 'S', text: 'address' },
      { key: 'V', text: 'VLAN' },
      { key: 'P', text: 'proxy' },
      { key: 'L', text: 'logs' },
      { key: 'Enter', text: 'restart' },
    ],
  };
}

function describeAdapter({ name, mac, link, addresses }: NetworkAdapter): string {
  // What IPv6 makes for every adapter leads nowhere.
  const own = addresses.filter((address) => !/^fe80:/i.test(address));
  const state = link ? (own.length === 0 ? 'link, no address' : own.join(' ')) : 'no link: is the cable plugged in?';
  return `${name} ${mac}: ${state}`;
}
