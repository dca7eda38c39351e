import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSite } from '../src/site/load.ts';
import { compare, interleave, type Suite } from './suite.ts';

const counts = { devices: 10_000, collections: 1000, deployments: 500 };

function deviceText(number: number): string {
  const hex = number.toString(16).toUpperCase().padStart(6, '0');
  const mac = `00:50:56:${hex.match(/../g)!.join(':')}`;
  return `description: Room ${number % 300}
macs: ['${mac}']
guid: 4C4C4544-0000-4000-8000-${number.toString(16).toUpperCase().padStart(12, '0')}
variables:
  OSDComputerName: device-${number}
  Location: building ${number % 7}
`;
}

async function makeSite(folder: string): Promise<void> {
  for (const name of ['devices', 'collections', 'deployments', 'sequences']) await mkdir(join(folder, name));
  await writeFile(join(folder, 'site.yaml'), 'name: Bench\n');
  const harmless = 'name: Harmless\nsteps:\n  - { step: run-command-line, command: "true" }\n';
  await writeFile(join(folder, 'sequences/s.yaml'), harmless);
  const write = async (kind: keyof typeof counts, text: (number: number) => string): Promise<void> => {
    for (let number = 0; number < counts[kind]; number += 1)
      await writeFile(join(folder, kind, `${kind.slice(0, -1)}-${number}.yaml`), text(number));
  };
  await write('devices', deviceText);
  await write('collections', (number) => `members: [device-${number * 10}]\nrules: [{ model: Model ${number} }]\n`);
  await write('deployments', (number) => `sequence: s\ncollection: collection-${number}\npurpose: available\n`);
}

/** What every command and every change of a served site costs in a large site. */
export default {
  title: 'Loading a site of 10,000 devices, 1,000 collections and 500 deployments',
  async run(_say, rounds) {
    const folder = await mkdtemp(join(tmpdir(), 'bench-site-'));
    const before = process.env['XDG_CACHE_HOME'];
    try {
      await mkdir(join(folder, 'site'));
      await makeSite(join(folder, 'site'));
      const load = async (cache: string): Promise<number> => {
        process.env['XDG_CACHE_HOME'] = join(folder, cache);
        const start = performance.now();
        const { devices, problems } = await loadSite(join(folder, 'site'));
        const taken = performance.now() - start;
        if (devices.size !== counts.devices || problems.length > 0) throw new Error('the site was not read whole');
        return taken;
      };
      const contestants = {
        'again, nothing changed': () => load('cache'),
        'the first time': async () => {
          await rm(join(folder, 'none'), { recursive: true, force: true });
          return load('none');
        },
      };
      // Until the compiler has settled, and the cache is there.
      await interleave(1, contestants);
      const samples = await interleave(rounds, contestants);
      return [
        compare({
          name: 'site, loading again against loading the first time',
          ours: 'again, nothing changed',
          yardstick: 'the first time',
          // What is left is opening, reading and hashing 11,500 files, which the first time does too: about a fifth of it.
          limit: 0.25,
          unit: 'ms',
          samples,
        }),
      ];
    } finally {
      if (before === undefined) delete process.env['XDG_CACHE_HOME'];
      else process.env['XDG_CACHE_HOME'] = before;
      await rm(folder, { recursive: true, force: true });
    }
  },
} satisfies Suite;
