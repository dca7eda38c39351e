import { appendFileSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { withOperator } from '../../src/prove/service.ts';
import { bootwright, type Lab } from './lab.ts';
import { expectNoSecrets, tell } from './machines.ts';
import { deployedName, expectReported, online, typedScript } from './online.ts';
import { ProcessWatch } from './process-watch.ts';
import { expectSecretsArrived, type Start } from './scenarios.ts';

/** Only the newer boot image says it, before its agent asks for anything. */
const nameByNewer = 'by-newer-image';

/**
 * A medium whose boot image is too old for the site: its agent takes the site's own, starts it without the firmware, and the
 * agent in that one registers and deploys. It is known by what only its prestart command sets.
 */
export function goesOnInNewer(start: Start): (lab: Lab, id: string) => Promise<void> {
  return online(start, async ({ lab, server, machine, id }) => {
    const newer = await newerBootImage(lab);
    mkdirSync(join(server.folder, 'boot-images'));
    symlinkSync(newer.folder, join(server.folder, 'boot-images', 'default'));
    appendFileSync(join(server.folder, 'site.yaml'), `\ndeployments:\n  bootImages: { notBefore: '${newer.built}' }\n`);
    await server.start();
    const bench = await machine.start();
    await bench.follow(withOperator(typedScript(''), server.service), tell(id));
    const heard = bench.heard.all.map(({ event }) => event);
    const told = heard.findIndex((event) => event.type === 'agent.phase' && event.name === 'boot-image');
    expect(heard[told]).toMatchObject({ text: expect.stringContaining(newer.built) });
    const after = heard.slice(told + 1);
    expect(after.find(({ type }) => type === 'boot.mark')).toMatchObject({ name: 'initramfs' });
    expect(after.find(({ type }) => type === 'agent.started')).toMatchObject({ environment: 'boot' });
    // The firmware had no part in that: what reset the machine was the restart into the deployed system.
    expect(bench.heard.resets).toBe(1);
    // The one that came is content with itself.
    expect(after.some((event) => event.type === 'agent.phase' && event.name === 'boot-image')).toBe(false);
    const root = await expectReported(server, machine, bench, start);
    expect(await deployedName(root)).toBe(nameByNewer);
    await expectNoSecrets(lab, machine, bench);
    await expectSecretsArrived(lab, bench.guest.targetDisk);
  });
}

interface BuiltImage {
  readonly folder: string;
  /** ISO 8601 UTC. */
  readonly built: string;
}

/** Another one than the media's, built after it; once for all runs of the lab. */
async function newerBootImage(lab: Lab): Promise<BuiltImage> {
  const folder = join(lab.site, 'boot-images', 'newer');
  const prestart = `echo OSDComputerName=${nameByNewer} > /run/bootwright/variables`;
  if (!existsSync(folder))
    await bootwright(
      ['boot-image', 'build', 'newer', '--site', lab.site, '--prestart', prestart],
      new ProcessWatch(lab.secrets),
    );
  const { built } = JSON.parse(readFileSync(join(folder, 'boot-image.json'), 'utf8')) as { built: string };
  return { folder, built };
}
