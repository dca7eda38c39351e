import { join } from 'node:path';
import { expect } from 'vitest';
import { inspectDiskImage } from '../../src/prove/disk-image.ts';
import { guestNames } from '../../src/prove/qemu-arguments.ts';
import { usualScript } from '../../src/prove/script.ts';
import { judgeReports, withOperator } from '../../src/prove/service.ts';
import type { Lab } from './lab.ts';
import { expectDeployed, type TestMachine, tell, withMachine, work } from './machines.ts';
import { layByRecipe } from './recipe.ts';
import type { Start } from './scenarios.ts';
import { SiteServer, serverAddress, serverPort } from './site-server.ts';

const diskSize = 6 * 2 ** 30;

/** Laid by the recipe on an empty disk, the first start deploys without a network; then the medium has gone. */
export function deploysFromItsDisk(start: Start): (lab: Lab, id: string) => Promise<void> {
  return async (lab, id) => {
    const medium = await lab.medium(start.medium);
    await withMachine(id, medium, start, async (machine) => {
      layByRecipe(medium.iso, join(machine.folder, guestNames.targetDisk), diskSize);
      const bench = await machine.start();
      await work(id, bench, medium, 'deployed');
      const root = await expectDeployed(machine, bench, start.profile);
      expect((await root.read('/var/lib/lab/medium'))?.trim()).toBe('OEMMedia HD');
      await expectMediumGone(machine);
    });
  };
}

/** A prestaged machine asks its server, and fetches nothing of what lies on its disk. */
export function deploysWithItsContent(start: Start): (lab: Lab, id: string) => Promise<void> {
  return async (lab, id) => {
    const medium = await lab.medium(start.medium);
    const server = await SiteServer.prepare(lab, medium.site, id);
    const services = [{ address: serverAddress, port: serverPort, localPort: server.port }];
    try {
      await withMachine(id, medium, { ...start, network: { mac: '52:54:00:12:34:56', services } }, async (machine) => {
        layByRecipe(medium.iso, join(machine.folder, guestNames.targetDisk), diskSize);
        await server.start();
        const bench = await machine.start();
        const script = usualScript({ expect: 'deployed', layout: 'us', console: 'screen', password: '' });
        await bench.follow(withOperator(script, server.service), tell(id));
        const said = bench.heard.all.flatMap(({ event }) =>
          event.type === 'agent.phase' && event.name === 'content' ? [event.text] : [],
        );
        expect(said).toContainEqual(expect.stringMatching(/^Debian.* lies on the disk/));
        expect(said.filter((text) => /^Fetching Debian/.test(text))).toEqual([]);
        await expectDeployed(machine, bench, start.profile);
        const checks = await judgeReports(server.service, bench.heard.all);
        expect(checks.filter(({ passed }) => !passed)).toEqual([]);
      });
    } finally {
      await server.remove();
    }
  };
}

/** Its two partitions are no longer there, and the root file system reaches to the end of the disk. */
async function expectMediumGone(machine: TestMachine): Promise<void> {
  const { partitions } = await inspectDiskImage(join(machine.folder, guestNames.targetDisk));
  expect(partitions.map(({ fileSystem }) => fileSystem)).not.toContain('ntfs');
  const root = partitions.find(({ fileSystem }) => fileSystem === 'ext4');
  const end = (root?.startBytes ?? 0) + (root?.sizeBytes ?? 0);
  expect(end).toBeGreaterThanOrEqual(diskSize - 2 * 2 ** 20);
}
