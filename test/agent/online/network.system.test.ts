import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../../src/host/process.ts';
import type { NetworkSettings } from '../../../src/model/network.ts';

/**
 * Two machines made of namespaces: the agent's with busybox's `ip` and `udhcpc`, as in the boot environment, and a
 * neighbour with a foreign DHCP server, once without a tag and once in VLAN 20. Nothing of it touches this machine.
 */
interface Round {
  readonly failure?: string;
  readonly resolvers: string;
  readonly routes: readonly string[];
  readonly addresses: readonly string[];
  /** As printed. */
  readonly six: string;
  readonly routes6: string;
  readonly reaches: { readonly untagged: boolean; readonly tagged: boolean };
}

/** Some kernels, of small virtual machines for example, have no 802.1Q. */
const triesVlan = 'ip link add a type veth peer name b && ip link add link a name a.2 type vlan id 2';
const hasVlan = (await run('unshare', ['--net', 'sh', '-c', triesVlan], { accept: [1, 2] })).code === 0;
const withoutVlan = 'this kernel has no 802.1Q; the boot image’s has, and the same programs were tried there';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'network-'));
  await mkdir(join(folder, 'bin'));
  const { stdout } = await run('which', ['busybox']);
  for (const name of ['ip', 'udhcpc']) await symlink(stdout.trim(), join(folder, 'bin', name));
  const server = (name: string, network: string): string =>
    [
      ...[`start ${network}.100`, `end ${network}.120`, `interface ${name}`, `lease_file ${folder}/${name}.leases`],
      ...[`pidfile ${folder}/${name}.pid`, `option subnet 255.255.255.0`, `option router ${network}.1`],
      ...[`option dns ${network}.53`, 'option lease 600', ''],
    ].join('\n');
  await writeFile(join(folder, 'wire.conf'), server('peer0', '192.0.2'));
  await writeFile(join(folder, 'tagged.conf'), server('peer0.20', '198.51.100'));
  for (const name of ['peer0', 'peer0.20']) await writeFile(join(folder, `${name}.leases`), '');
  await writeFile(join(folder, 'start'), script);
  await chmod(join(folder, 'start'), 0o755);
});
afterAll(() => rm(folder, { recursive: true }));

/** `/etc` is laid over: who gets a lease writes resolv.conf. */
const script = `#!/bin/sh
set -e
own=$1 node=$2 fixture=$3 dhcp=$4
shift 4
mount -t sysfs sys /sys
mkdir -p "$own/etc" && mount -t tmpfs etc "$own/etc" && mkdir "$own/etc/upper" "$own/etc/work"
mount -t overlay -o lowerdir=/etc,upperdir="$own/etc/upper",workdir="$own/etc/work" etc /etc
rm -f /etc/resolv.conf
unshare -n sleep 120 &
neighbour=$!
real=/usr/sbin/ip
[ -x $real ] || real=/sbin/ip
sleep 0.3
$real link set lo up
$real link add wire0 type veth peer name peer0
$real link add wire1 type veth peer name peer1
$real link set peer0 netns $neighbour
there() { nsenter -t $neighbour -n "$@"; }
there $real addr add 192.0.2.1/24 dev peer0
there $real link set peer0 up
if there $real link add link peer0 name peer0.20 type vlan id 20 2>/dev/null; then
  there $real addr add 198.51.100.1/24 dev peer0.20
  there $real link set peer0.20 up
fi
if [ "$dhcp" = yes ]; then
  there busybox udhcpd -f "$own/wire.conf" >/dev/null 2>&1 &
  there busybox udhcpd -f "$own/tagged.conf" >/dev/null 2>&1 &
  sleep 0.5
fi
state=$(mktemp -d -p "$own")
PATH="$own/bin:$PATH" exec "$node" "$fixture" "$state" "$@"
`;

async function apply(dhcp: boolean, ...rounds: NetworkSettings[]): Promise<{ log: string[]; results: Round[] }> {
  const fixture = join(import.meta.dirname, 'network-fixture.ts');
  // Everything in the namespaces ends with their first process.
  const { stdout } = await run(
    'unshare',
    [
      ...['--net', '--mount', '--pid', '--fork', '--mount-proc', '--kill-child', join(folder, 'start')],
      ...[folder, process.execPath, fixture, dhcp ? 'yes' : 'no', ...rounds.map((round) => JSON.stringify(round))],
    ],
    { timeoutMilliseconds: 120_000 },
  );
  return JSON.parse(stdout) as { log: string[]; results: Round[] };
}

describe('the network of the agent', () => {
  it('asks a DHCP server on what has a link, and says which adapters have none', async () => {
    const { log, results } = await apply(true, {}, {});
    const [first, again] = results;
    expect(first?.failure).toBeUndefined();
    expect(first?.addresses.join()).toMatch(/192\.0\.2\.1[012]\d\/24/);
    expect(first?.routes.join()).toContain('default via 192.0.2.1 dev wire0');
    expect(first?.resolvers).toContain('nameserver 192.0.2.53');
    expect(first?.reaches).toEqual({ untagged: true, tagged: false });
    expect(log.join('\n')).toMatch(/No link: .*wire1 \([0-9A-F:]{17}\)/);
    expect(again?.addresses).toEqual(first?.addresses);
    expect(log.join('\n')).toContain('wire0: has a lease already');
  });

  it('goes into a VLAN and out of it again', async ({ skip }) => {
    skip(!hasVlan, withoutVlan);
    const { results } = await apply(true, { vlan: 20 }, { vlan: 20 }, {});
    const [tagged, retried, untagged] = results;
    for (const round of [tagged, retried]) {
      expect(round?.failure).toBeUndefined();
      expect(round?.addresses.join()).toMatch(/198\.51\.100\.1[012]\d\/24/);
      expect(round?.reaches).toEqual({ untagged: false, tagged: true });
    }
    expect(untagged?.reaches).toEqual({ untagged: true, tagged: false });
    expect(untagged?.addresses.join()).not.toContain('198.51.100');
  });

  const fixed = { address: '192.0.2.7/24', gateway: '192.0.2.1', nameServer: '192.0.2.53' };

  it('takes a static address, and leaves the one before', async () => {
    const { results } = await apply(true, {}, { adapter: 'wire0', fixed }, {});
    expect(results[1]?.addresses).toEqual(['127.0.0.1/8', '192.0.2.7/24']);
    expect(results[1]?.routes.join()).toContain('default via 192.0.2.1');
    expect(results[1]?.resolvers).toBe('nameserver 192.0.2.53\n');
    expect(results[1]?.reaches.untagged).toBe(true);
    expect(results[2]?.addresses.join()).toMatch(/192\.0\.2\.1[012]\d\/24/);
    expect(results[2]?.addresses.join()).not.toContain('192.0.2.7/');
    // The gateway of before would win over the one of the lease.
    expect(results[2]?.routes.filter((route) => route.startsWith('default'))).toHaveLength(1);
  });

  it('takes a static address in a VLAN', async ({ skip }) => {
    skip(!hasVlan, withoutVlan);
    const tagged = { address: '198.51.100.7/24', gateway: '198.51.100.1', nameServer: '' };
    const { results } = await apply(false, { fixed }, { vlan: 20, fixed: tagged }, { fixed });
    expect(results.map(({ reaches }) => reaches)).toEqual([
      { untagged: true, tagged: false },
      { untagged: false, tagged: true },
      { untagged: true, tagged: false },
    ]);
    expect(results[2]?.addresses.join()).not.toContain('198.51.100');
  });

  it('takes a static IPv6 address, and gives it back', async () => {
    const six = { address: '2001:db8::7/64', gateway: '2001:db8::1', nameServer: '' };
    const { results } = await apply(false, { fixed: six }, { fixed });
    expect(results.map(({ six: found }) => found.includes('2001:db8::7/64'))).toEqual([true, false]);
    expect(results.map(({ routes6 }) => routes6.includes('default via 2001:db8::1'))).toEqual([true, false]);
    // Made by the kernel when the link came up, and never again.
    expect(results.map(({ six: found }) => found.includes('fe80::'))).toEqual([true, true]);
  });

  it('says when there is no such adapter, or it has no link', async () => {
    const { results } = await apply(false, { adapter: 'eth9' }, { adapter: 'wire1', fixed });
    expect(results.map(({ failure }) => failure)).toEqual(['BW-AGENT-070', 'BW-AGENT-070']);
  });
});
