import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { Ext4Image, inspectDiskImage } from '../../src/prove/disk-image.ts';
import type { Verdict } from '../../src/prove/follow.ts';
import type { GuestNetwork } from '../../src/prove/network.ts';
import { usualScript } from '../../src/prove/script.ts';
import { scanForSecrets } from '../../src/prove/secret-scan.ts';
import { withOperator } from '../../src/prove/service.ts';
import type { Lab } from './lab.ts';
import { expectDeployed, type TestMachine, tell, withMachine, work } from './machines.ts';
import type { Start } from './scenarios.ts';
import { SiteServer, serverAddress, serverPort } from './site-server.ts';

const mac = '52:54:00:12:34:56';
/** What a machine has once somebody has taken the stick out. */
const machineFiles = ['target.img', 'variables.fd'];

/** What is deployed to the running system, and what the disk holds of it afterwards. */
export interface Refresh {
  readonly sequence: 'refresh' | 'refresh-later';
  readonly name: string;
  /** In the folder where sequences leave their marks. */
  readonly files: readonly string[];
  /** Steps that run before the machine leaves its old system. */
  readonly before: readonly string[];
}

export const atOnce: Refresh = { sequence: 'refresh', name: 'lab-02', files: ['name'], before: [] };
export const afterSteps: Refresh = {
  ...{ sequence: 'refresh-later', name: 'kept-over', files: ['boot.sha256', 'name'] },
  before: ['Name', 'Before', 'Restart to the boot image'],
};

/**
 * A running Debian with the agent gets a required deployment in its maintenance window: it lays the boot image on its
 * disk, starts it once, has that very disk partitioned, and starts from it again as another system.
 */
export function refreshes(start: Start, refresh: Refresh): (lab: Lab, id: string) => Promise<void> {
  return async (lab, id) => {
    const deployed = await deployedMachine(lab, id, start);
    const medium = await lab.medium(start.medium);
    const server = await SiteServer.prepare(lab, medium.site, id);
    try {
      symlinkSync(join(lab.site, 'boot-images'), join(server.folder, 'boot-images'));
      await server.run('device', 'add', 'lab-01', '--mac', mac);
      await server.run('collection', 'add', 'lab', '--member', 'lab-01');
      const deployment = ['--sequence', refresh.sequence, '--collection', 'lab', '--required'];
      await server.run('deployment', 'add', 'R1', ...deployment, '--available-to', 'clients');
      writeFileSync(join(server.folder, 'collections', 'lab.yaml'), `members: [lab-01]\n${windowAround(new Date())}`);
      await server.start();
      const services = [{ address: serverAddress, port: serverPort, localPort: server.port }];
      const nothing = join(lab.folder, 'nothing.img');
      execFileSync('truncate', ['--size', '1M', nothing]);
      await withMachine(id, medium, { ...start, stick: nothing, network: { mac, services } }, async (machine) => {
        copyMachine(deployed, machine.folder);
        await refreshedAndRestarted({ lab, id, machine, server, refresh });
      });
    } finally {
      await server.remove();
    }
  };
}

async function refreshedAndRestarted({
  lab,
  id,
  machine,
  server,
  refresh,
}: {
  readonly lab: Lab;
  readonly id: string;
  readonly machine: TestMachine;
  readonly server: SiteServer;
  readonly refresh: Refresh;
}): Promise<void> {
  const bench = await machine.start();
  const usual = usualScript({ expect: 'deployed', layout: 'us', console: 'screen' });
  const seen: string[] = [];
  const before: string[] = [];
  let cameThere = false;
  // Secrets are released by somebody; the confirmation starts by itself, nobody is at the machine.
  const operator = withOperator({ judge: () => 'go on', answer: async () => {} }, server.service);
  await bench.follow(
    {
      judge: (event): Verdict => {
        if (event.type === 'boot.mark') seen.push(event.name);
        if (event.type === 'step.started' && !cameThere) before.push(event.name);
        cameThere ||= event.type === 'agent.started' && event.environment === 'boot';
        if (event.type === 'agent.refused') return { code: 'BW-PROVE-002', failed: `${event.code} ${event.message}` };
        return cameThere || event.type === 'sequence.failed' ? usual.judge(event) : 'go on';
      },
      answer: operator.answer,
    },
    tell(id),
  );
  expect(seen.filter((name) => name === 'initramfs')).toHaveLength(1);
  expect(before).toEqual(refresh.before);
  await machine.stop(true);
  const { partitions } = await inspectDiskImage(bench.guest.targetDisk);
  const root = new Ext4Image(bench.guest.targetDisk, partitions.find(({ fileSystem }) => fileSystem === 'ext4')!);
  expect(await root.faults()).toBe('');
  expect((await root.read('/var/lib/lab/name'))?.trim()).toBe(refresh.name);
  expect(await root.list('/var/lib/lab')).toEqual(refresh.files);
  expect(await root.list('/_SMSTaskSequence')).toBeUndefined();
  expect(await root.list('/opt/bootwright-agent')).toBeUndefined();
  expect(await scanForSecrets([bench.guest.targetDisk], lab.secrets)).toEqual([]);
  const runs = await server.runs();
  expect(runs.map(({ state, sequence }) => ({ state, sequence }))).toEqual([
    { state: 'completed', sequence: refresh.sequence },
  ]);
}

/** From the stand-alone medium, once for all runs of the lab. */
export function deployedMachine(lab: Lab, id: string, start: Start): Promise<string> {
  const folder = join(lab.folder, `deployed-client-${start.profile}`);
  const deploying = deployed.get(folder) ?? deployMachine(folder, lab, id, start);
  deployed.set(folder, deploying);
  return deploying;
}

const deployed = new Map<string, Promise<string>>();

async function deployMachine(folder: string, lab: Lab, id: string, start: Start): Promise<string> {
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
