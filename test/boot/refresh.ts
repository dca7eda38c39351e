import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { Ext4Image, inspectDiskImage } from '../../src/prove/disk-image.ts';
import type { Verdict } from '../../src/prove/follow.ts';
import type { GuestNetwork } from '../../src/prove/network.ts';
import { usualScript } from '../../src/prove/script.ts';
import type { Lab } from './lab.ts';
import { expectDeployed, type TestMachine, tell, withMachine, work } from './machines.ts';
import type { Start } from './scenarios.ts';
import { SiteServer, serverAddress, serverPort } from './site-server.ts';

const mac = '52:54:00:12:34:56';
/** What a machine has once somebody has taken the stick out. */
const machineFiles = ['target.img', 'variables.fd'];

/**
 * A running Debian with the agent gets a required deployment in its maintenance window: it lays the boot image on its
 * disk, starts it once, has that very disk partitioned, and starts from it again as another system.
 */
export function refreshes(start: Start): (lab: Lab, id: string) => Promise<void> {
  return async (lab, id) => {
    const deployed = await deployedMachine(lab, id, start);
    const medium = await lab.medium(start.medium);
    const server = await SiteServer.prepare(lab, medium.site, id);
    try {
      symlinkSync(join(lab.site, 'boot-images'), join(server.folder, 'boot-images'));
      await server.run('device', 'add', 'lab-01', '--mac', mac);
      await server.run('collection', 'add', 'lab', '--member', 'lab-01');
      await server.run(
        'deployment',
        'add',
        'R1',
        '--sequence',
        'refresh',
        '--collection',
        'lab',
        '--required',
        '--available-to',
        'clients',
      );
      writeFileSync(join(server.folder, 'collections', 'lab.yaml'), `members: [lab-01]\n${windowAround(new Date())}`);
      await server.start();
      const services = [{ address: serverAddress, port: serverPort, localPort: server.port }];
      const nothing = join(lab.folder, 'nothing.img');
      execFileSync('truncate', ['--size', '1M', nothing]);
      await withMachine(id, medium, { ...start, stick: nothing, network: { mac, services } }, async (machine) => {
        copyMachine(deployed, machine.folder);
        await refreshedAndRestarted(id, machine, server);
      });
    } finally {
      await server.remove();
    }
  };
}

async function refreshedAndRestarted(id: string, machine: TestMachine, server: SiteServer): Promise<void> {
  const bench = await machine.start();
  const usual = usualScript({ expect: 'deployed', layout: 'us', console: 'screen' });
  const seen: string[] = [];
  let cameThere = false;
  await bench.follow(
    {
      judge: (event): Verdict => {
        if (event.type === 'boot.mark') seen.push(event.name);
        cameThere ||= event.type === 'agent.started' && event.environment === 'boot';
        if (event.type === 'agent.refused') return { code: 'BW-PROVE-002', failed: `${event.code} ${event.message}` };
        return cameThere ? usual.judge(event) : 'go on';
      },
      // The confirmation starts by itself: nobody is there.
      answer: async () => {},
    },
    tell(id),
  );
  expect(seen.filter((name) => name === 'initramfs')).toHaveLength(1);
  await machine.stop(true);
  const { partitions } = await inspectDiskImage(bench.guest.targetDisk);
  const root = new Ext4Image(bench.guest.targetDisk, partitions.find(({ fileSystem }) => fileSystem === 'ext4')!);
  expect(await root.faults()).toBe('');
  expect((await root.read('/var/lib/lab/name'))?.trim()).toBe('lab-02');
  expect(await root.list('/var/lib/lab')).toEqual(['name']);
  expect(await root.list('/_SMSTaskSequence')).toBeUndefined();
  expect(await root.list('/opt/bootwright-agent')).toBeUndefined();
  const runs = await server.runs();
  expect(runs.map(({ state, sequence }) => ({ state, sequence }))).toEqual([
    { state: 'completed', sequence: 'refresh' },
  ]);
}

/** From the stand-alone medium, once for all runs of the lab. */
export async function deployedMachine(lab: Lab, id: string, start: Start): Promise<string> {
  const folder = join(lab.folder, 'deployed-client');
  if (existsSync(folder)) return folder;
  const medium = await lab.medium(start.medium);
  const network: GuestNetwork = { mac, services: [{ address: serverAddress, port: serverPort, localPort: 9 }] };
  await withMachine(id, medium, { ...start, network }, async (machine) => {
    const bench = await machine.start();
    await work(id, bench, medium, 'deployed');
    const root = await expectDeployed(machine, bench, start.profile);
    expect(await root.list('/var/lib/lab')).toEqual(['name', 'old-system']);
    expect(await root.list('/opt/bootwright-agent')).toEqual(['etc', 'node', 'program']);
    mkdirSync(`${folder}.new`, { recursive: true });
    copyMachine(machine.folder, `${folder}.new`);
    rmSync(folder, { recursive: true, force: true });
    renameSync(`${folder}.new`, folder);
  });
  return folder;
}

export function copyMachine(from: string, to: string): void {
  for (const name of machineFiles)
    if (existsSync(join(from, name))) execFileSync('cp', ['--sparse=always', join(from, name), join(to, name)]);
}

/** The guest's clock runs in UTC. */
function windowAround(now: Date): string {
  const begin = new Date(now.getTime() - 3_600_000).toISOString().slice(11, 16);
  return `maintenanceWindows:\n  - { start: '${begin}', hours: 8 }\n`;
}
