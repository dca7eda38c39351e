import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashFile } from '../../src/host/files.ts';
import { type MediumSite, mediumSite } from './medium-site.ts';

/** Builds that are killed at moments nobody chose go on, and make the same bytes. */
let site: MediumSite;
const program = join(import.meta.dirname, 'build-medium.ts');

beforeAll(async () => {
  site = await mediumSite();
  for (const name of ['a', 'b', 'c', 'd'])
    await site.write(`packages/tools/large-${name}.bin`, randomBytes(24 * 1024 * 1024));
  await site.write('packages/tools/more.bin', randomBytes(3_000_001));
});
afterAll(() => site.remove());

/** Starts a build; kills it that long after it began to write, if it still runs then. */
async function build(output: string, milliseconds?: number): Promise<{ finished: boolean; said: string }> {
  const child = spawn(process.execPath, [program, site.root, output], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  const writing = new Promise<void>((resolve) =>
    child.stdout.on('data', (piece) => {
      said += String(piece);
      if (said.includes('writing')) resolve();
    }),
  );
  if (milliseconds !== undefined)
    void writing.then(async () => {
      await sleep(milliseconds);
      child.kill('SIGKILL');
    });
  const code = await ended;
  if (code !== 0 && code !== null) throw new Error(`the build ended with ${code}: ${said}`);
  return { finished: code === 0, said };
}

describe.each(['iso', 'img'])('a build of %s that is killed', (kind) => {
  it('goes on where it was, to the same bytes', { timeout: 60_000 }, async () => {
    const whole = join(site.root, `whole.${kind}`);
    const started = performance.now();
    expect(await build(whole)).toMatchObject({ finished: true });
    const takes = performance.now() - started;
    const folder = join(site.root, `killed-${kind}`);
    await mkdir(folder);
    const output = join(folder, `whole.${kind}`);
    let said = '';
    for (let kills = 0; kills < 4; kills += 1) {
      const result = await build(output, 20 + Math.random() * takes * 0.5);
      said += result.said;
      if (result.finished) break;
      expect(readdirSync(folder)).not.toContain(`whole.${kind}`);
      // What wrote for it has ended too.
      await expect
        .poll(() =>
          execFileSync('sh', ['-c', `fuser ${output}.part 2>/dev/null || true`])
            .toString()
            .trim(),
        )
        .toBe('');
    }
    if (!readdirSync(folder).includes(`whole.${kind}`)) {
      const last = await build(output);
      expect(last.finished).toBe(true);
      said += last.said;
    }
    expect(readdirSync(folder)).toEqual([`whole.${kind}`]);
    expect(await hashFile(output)).toBe(await hashFile(whole));
    expect(said).toMatch(/interrupted build|writing/);
    rmSync(folder, { recursive: true });
  });
});
