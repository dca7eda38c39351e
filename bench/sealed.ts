import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bulkSequence, createBulk, writeNoise } from './bulk.ts';
import { benchSite } from './medium.ts';
import { compare, interleave, type Measurement, median, type Suite } from './suite.ts';

const gibibytes = 2;
const megabytes = (gibibytes * 1024 ** 3) / 1e6;
/** MB of content a second. */
const wanted = 450;

const suite: Suite = { title: `Making a medium with ${gibibytes} GiB of encrypted content, and verifying it`, run };
export default suite;

async function run(say: (text: string) => void, rounds: number): Promise<Measurement[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-sealed-'));
  try {
    const site = await benchSite(folder, say);
    const bulk = join(site.folder, 'packages', 'bulk');
    mkdirSync(bulk, { recursive: true });
    say('writing content');
    await writeNoise(join(bulk, 'a.bin'), gibibytes * 1024 ** 3);
    writeFileSync(join(site.folder, 'sequences', 'bulk.yaml'), bulkSequence);
    const password = join(folder, 'password');
    writeFileSync(password, 'tundra pickle 7 orbit\n', { mode: 0o600 });
    const create = async (protection: readonly string[]): Promise<number> =>
      (await createBulk(folder, site, 'medium.iso', 'keep', ['standalone'], protection)).seconds;
    const made = await interleave(rounds, {
      'without a password': async () => {
        say('media create standalone --no-password');
        return create(['--no-password']);
      },
      sealed: async () => {
        say('media create standalone --encrypt-content');
        return create(['--password-file', password, '--encrypt-content']);
      },
    });
    const medium = join(folder, 'medium.iso');
    const verified = await interleave(rounds, {
      'media verify': async () => {
        say('media verify');
        return timed(process.execPath, [
          join(import.meta.dirname, '..', 'bin', 'run.js'),
          'media',
          'verify',
          medium,
          '--site',
          site.folder,
        ]);
      },
      openssl: async () => {
        say('openssl dgst -sha256');
        return timed('openssl', ['dgst', '-sha256', medium]);
      },
    });
    const rate = megabytes / median(made.sealed);
    return [
      {
        ...{ name: `${wanted} MB/s to the rate of a sealed build`, ratio: wanted / rate, limit: 1, unit: 'MB/s' },
        ...{ medians: { sealed: rate }, samples: { sealed: made.sealed.map((seconds) => megabytes / seconds) } },
      },
      compare({
        ...{ name: 'sealed build to one without a password', ours: 'sealed', yardstick: 'without a password' },
        ...{ limit: undefined, unit: 's', samples: made },
      }),
      compare({
        ...{ name: 'media verify to openssl dgst -sha256', ours: 'media verify', yardstick: 'openssl' },
        ...{ limit: 1.2, unit: 's', samples: verified },
        notes: ['the medium is in memory: what is compared is hashing, not the disk'],
      }),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function timed(program: string, args: readonly string[]): number {
  const started = performance.now();
  const { status, stderr } = spawnSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ended with ${status}: ${stderr}`);
  return (performance.now() - started) / 1000;
}
