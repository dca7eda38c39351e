import { exists, readText, writeAtomically } from '../../host/files.ts';
import { run } from '../../host/process.ts';
import type { AgentContext } from '../context.ts';
import { readAdapters } from './machine-record.ts';

/** Brings the network up; tests have theirs already. */
export interface Network {
  /** By DHCP, on all adapters that have a link. IPv6 configures itself. */
  automatic(): Promise<void>;
  /** By what a person typed, on the first adapter with a link. @throws when a program refuses it */
  fixed(address: FixedAddress): Promise<void>;
}

export interface FixedAddress {
  /** With prefix, `192.0.2.10/24`. */
  readonly address: string;
  readonly gateway: string;
  /** Empty when there is none. */
  readonly nameServer: string;
}

const linkWait = 10_000;
const pause = 250;
const script = '/usr/lib/bootwright/dhcp';

export function machineNetwork({ clock, emit }: AgentContext): Network {
  const say = (text: string): void => emit({ type: 'log', severity: 'info', component: 'Network', text });
  /** A link takes seconds to come up, and longer behind a switch with spanning tree. */
  const withLink = async (): Promise<string[]> => {
    for (const { name } of await readAdapters('/sys')) await run('ip', ['link', 'set', name, 'up'], { accept: [1, 2] });
    for (let waited = 0; ; waited += pause) {
      const names = (await readAdapters('/sys')).filter(({ link }) => link).map(({ name }) => name);
      if (names.length > 0 || waited >= linkWait) return names;
      await clock.sleep(pause);
    }
  };
  return {
    async automatic() {
      const names = await withLink();
      say(names.length === 0 ? 'No network adapter has a link.' : `Adapters with a link: ${names.join(', ')}`);
      await Promise.all(names.map((name) => lease(name).then((text) => say(`${name}: ${text}`))));
    },
    async fixed({ address, gateway, nameServer }) {
      const [name] = await withLink();
      if (name === undefined) throw new Error('no network adapter has a link');
      await endLease(name);
      await run('ip', ['addr', 'flush', 'dev', name]);
      await run('ip', ['addr', 'add', address, 'dev', name]);
      if (gateway !== '') await run('ip', ['route', 'replace', 'default', 'via', gateway, 'dev', name]);
      if (nameServer !== '') await writeAtomically('/etc/resolv.conf', `nameserver ${nameServer}\n`);
    },
  };
}

function pidFile(name: string): string {
  return `/run/bootwright/udhcpc.${name}`;
}

/** It stays in the background and renews the lease: a deployment may take longer than one lasts. */
async function lease(name: string): Promise<string> {
  if (await exists(pidFile(name))) return 'has a lease already';
  // Through a shell, because what stays in the background would keep our pipe open.
  const line = 'exec udhcpc -i "$1" -p "$2" -s "$3" -t 6 -T 2 -n -S >/dev/null 2>&1';
  const { code } = await run('sh', ['-c', line, 'sh', name, pidFile(name), script], { accept: [1, 2] });
  return code === 0 ? 'has a lease' : 'no DHCP server answers';
}

async function endLease(name: string): Promise<void> {
  const id = (await readText(pidFile(name)).catch(() => '')).trim();
  if (/^\d+$/.test(id)) await run('kill', [id], { accept: [1] });
}

/** `192.0.2.10/24 192.0.2.1 192.0.2.53`: address, gateway, DNS server; `undefined` for anything else. Pure. */
export function parseFixedAddress(typed: string): FixedAddress | undefined {
  const [address = '', gateway = '', nameServer = '', ...more] = typed.trim().split(/[\s,;]+/);
  const [host = '', prefix = ''] = address.split('/');
  const isRight =
    more.length === 0 &&
    isAddress(host) &&
    /^\d{1,3}$/.test(prefix) &&
    Number(prefix) >= 1 &&
    Number(prefix) <= (host.includes(':') ? 128 : 32) &&
    [gateway, nameServer].every((value) => value === '' || isAddress(value));
  return isRight ? { address, gateway, nameServer } : undefined;
}

function isAddress(text: string): boolean {
  if (text.includes(':')) return /^[0-9a-f:]{2,39}$/i.test(text) && URL.canParse(`https://[${text}]`);
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(text) && text.split('.').every((part) => Number(part) <= 255);
}
