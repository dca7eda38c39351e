/** A served site with as many devices as agents, gone afterwards. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { activeKey, ensureKeys } from '../src/trust/keys.ts';
import { type FleetSite, macOf } from './fleet.ts';

export interface Size {
  readonly rss: number;
  readonly heapUsed: number;
  readonly processor: { readonly user: number; readonly system: number };
}

export interface Service {
  readonly site: FleetSite;
  /** Of the server's process, in bytes and microseconds, after its garbage was collected. */
  size(): Promise<Size>;
}

const step = (number: number): string =>
  `  - { step: run-command-line, name: 'Step ${number}', command: './run.sh ${number}', package: tools }\n`;

export async function withService<T>(devices: number, use: (service: Service) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'service-'));
  const { XDG_CONFIG_HOME, XDG_CACHE_HOME } = process.env;
  Object.assign(process.env, { XDG_CONFIG_HOME: join(folder, 'config'), XDG_CACHE_HOME: join(folder, 'cache') });
  try {
    const site = join(folder, 'site');
    const write = async (name: string, text: string | Uint8Array): Promise<void> => {
      await mkdir(join(site, name, '..'), { recursive: true });
      await writeFile(join(site, name), text);
    };
    await write('site.yaml', 'name: Bench\norganisation: Bench\n');
    await write('packages/tools/run.sh', '#!/bin/sh\n');
    await write('packages/tools/large', new Uint8Array(4 * 2 ** 20));
    const steps = Array.from({ length: 40 }, (_, number) => step(number)).join('');
    await write('sequences/debian.yaml', `name: Forty steps\nsteps:\n${steps}`);
    await write('collections/all.yaml', "rules:\n  - { oui: '52:54:00' }\nvariables: { Room: '7' }\n");
    await write('deployments/D1.yaml', 'sequence: debian\ncollection: all\npurpose: available\n');
    for (let number = 0; number < devices; number += 1)
      await write(
        `devices/d${number}.yaml`,
        `macs: ['${macOf(number)}']\nvariables: { OSDComputerName: d${number} }\n`,
      );
    await ensureKeys(site);
    const child = fork(join(import.meta.dirname, 'serve-child.ts'), [site], { execArgv: ['--expose-gc'] });
    try {
      const [{ port }] = (await once(child, 'message')) as [{ port: number }];
      const authority = await readFile(join(site, 'keys', 'ca.pem'), 'utf8');
      const keys = [await activeKey(site, 'signing')];
      return await use({
        site: { origin: `https://localhost:${port}`, authority, keys },
        size: async () => {
          const answer = once(child, 'message');
          child.send('memory');
          return ((await answer) as [Size])[0];
        },
      });
    } finally {
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    }
  } finally {
    Object.assign(process.env, { XDG_CONFIG_HOME, XDG_CACHE_HOME });
    for (const [name, value] of Object.entries({ XDG_CONFIG_HOME, XDG_CACHE_HOME }))
      if (value === undefined) delete process.env[name];
    await rm(folder, { recursive: true, force: true });
  }
}
