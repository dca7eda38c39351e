/*
 * Runs in namespaces of its own (network, mounts, processes): makes a wire to a neighbour, brings the network up as the
 * agent does, with the programs of the boot environment, and prints what came of it as JSON.
 *
 *   node network-fixture.ts <folder for process ids> <settings as JSON>…
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { machineNetwork } from '../../../src/agent/online/network.ts';
import { sleep } from '../../../src/host/clock.ts';
import { run } from '../../../src/host/process.ts';
import type { NetworkSettings } from '../../../src/model/network.ts';
import type { NetworkAdapter } from '../../../src/model/protocol.ts';

const [state = '', ...rounds] = process.argv.slice(2);
const log: string[] = [];
/** Virtual wires have no device behind them: they are not taken for adapters elsewhere. */
const adapters = async (): Promise<NetworkAdapter[]> => {
  return ['wire0', 'wire1'].map((name) => ({
    ...{ name, driver: 'veth', mac: readFileSync(`/sys/class/net/${name}/address`, 'utf8').trim().toUpperCase() },
    link: carrier(name),
    addresses: [],
  }));
};
function carrier(name: string): boolean {
  try {
    return readFileSync(`/sys/class/net/${name}/carrier`, 'utf8').trim() === '1';
  } catch {
    // Read from an adapter that is down.
    return false;
  }
}
const network = machineNetwork(
  {
    clock: { now: () => new Date(), sleep },
    emit: (event) => void (event.type === 'log' && log.push(event.text)),
  },
  { adapters, script: join(import.meta.dirname, '../../../templates/boot-environment/dhcp'), state },
);
const results: unknown[] = [];
for (const round of rounds) {
  const settings = JSON.parse(round) as NetworkSettings;
  const failure = await network.apply(settings).then(
    () => undefined,
    (error: { readonly code?: string }) => error.code ?? String(error),
  );
  const { stdout: links } = await run('ip', ['addr']);
  const { stdout: routes } = await run('ip', ['route']);
  const { stdout: six } = await run('ip', ['-6', 'addr', 'show', 'dev', 'wire0']);
  const { stdout: routes6 } = await run('ip', ['-6', 'route']);
  const resolvers = existsSync('/etc/resolv.conf') ? readFileSync('/etc/resolv.conf', 'utf8') : '';
  const pings = async (address: string): Promise<boolean> =>
    (await run('busybox', ['ping', '-c', '1', '-W', '2', address], { accept: [1, 2] })).code === 0;
  results.push({
    ...{ failure, resolvers, six, routes6, routes: routes.trim().split('\n') },
    addresses: [...links.matchAll(/inet (\S+)/g)].map(([, address]) => address),
    reaches: { untagged: await pings('192.0.2.1'), tagged: await pings('198.51.100.1') },
  });
}
process.stdout.write(JSON.stringify({ log, results }));
process.exit(0);
