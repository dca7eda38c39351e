import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { withIso } from '../../src/build/iso/reader.ts';
import { unseal } from '../../src/trust/seal.ts';
import { setSecret } from '../../src/trust/secret-store.ts';
import { bulk, type MediumSite, mediumSite } from './medium-site.ts';

let site: MediumSite;
const planted = Array.from({ length: 20 }, (_, index) => `planted-${index}-${randomBytes(9).toString('hex')}`);
const [password = '', ...others] = planted;
const [inSteps, inVariables] = [others.slice(0, 10), others.slice(10)];

beforeAll(async () => {
  site = await mediumSite();
  for (const [index, value] of inSteps.entries()) await setSecret(site.folder, `secret-${index}`, value);
  const steps = inSteps.map(
    (_, index) =>
      `  - step: run-command-line\n    name: Use ${index}\n    command: "true"\n    input: !secret secret-${index}\n`,
  );
  await site.write('sequences/bulk.yaml', bulk('', steps.join('')));
  // Long enough for the build to be watched.
  await site.write('packages/tools/large', '');
  await truncate(join(site.folder, 'packages/tools/large'), 600_000_000);
  const lines = inVariables.map((value, index) => `Password${index}=${value}\nAdmin${index}Password=${value}`);
  await writeFile(join(site.root, 'variables'), lines.join('\n'));
  await writeFile(join(site.root, 'password'), `${password}\n`, { mode: 0o600 });
  await mkdir(join(site.root, 'tmp'));
});
afterAll(() => site.remove());

/** Every planted secret that stands in the bytes, as it is or as UTF-16, base64 or hexadecimal digits. */
function leaks(data: Buffer): string[] {
  return planted.filter((secret) => {
    const bytes = Buffer.from(secret);
    const forms = [bytes, Buffer.from(secret, 'utf16le'), Buffer.from(bytes.toString('hex'))];
    // Without the ends, which depend on what stands beside it.
    for (const shift of [0, 1, 2]) {
      const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
      forms.push(Buffer.from(text.slice(4, -4)));
    }
    return forms.some((form) => data.includes(form));
  });
}

/** What every user of the machine can see of processes, and what lies in the folder for temporary files. */
async function visible(temporary: string): Promise<Buffer> {
  const seen: Buffer[] = [];
  const look = async (path: string): Promise<void> => {
    seen.push(await readFile(path).catch(() => Buffer.alloc(0)));
  };
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name) || name === String(process.pid)) continue;
    await look(`/proc/${name}/cmdline`);
    await look(`/proc/${name}/environ`);
  }
  const entries = await readdir(temporary, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) if (entry.isFile()) await look(join(entry.parentPath, entry.name));
  return Buffer.concat(seen);
}

it('keeps secrets out of arguments, environments, temporary files, output and the ISO itself', async () => {
  const output = join(site.root, 'medium.iso');
  const args = [
    ...[
      '--site',
      site.folder,
      '--sequence',
      'bulk',
      '--output',
      output,
      '--password-file',
      join(site.root, 'password'),
    ],
    ...['--variables-file', join(site.root, 'variables'), '--label', 'Secrets'],
  ];
  const command = join(import.meta.dirname, '..', '..', 'commands/media/create/standalone.ts');
  const program = `
    const { default: Create } = await import(${JSON.stringify(command)});
    await Create.run(${JSON.stringify(args)}, ${JSON.stringify(join(import.meta.dirname, '..', '..'))});`;
  const temporary = join(site.root, 'tmp');
  const child = spawn(process.execPath, ['--no-warnings', '--input-type=module-typescript', '-e', program], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const printed: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => printed.push(data));
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const found = new Set<string>();
  let looks = 0;
  let sawWriter = false;
  while (child.exitCode === null) {
    const seen = await visible(temporary);
    for (const secret of leaks(seen)) found.add(secret);
    sawWriter ||= seen.includes('xorriso');
    looks += 1;
    await delay(5);
  }
  expect(await ended, Buffer.concat(printed).toString()).toBe(0);
  expect([...found]).toEqual([]);
  expect(looks).toBeGreaterThan(5);
  expect(sawWriter).toBe(true);
  expect(leaks(Buffer.concat(printed))).toEqual([]);
  expect(Buffer.concat(printed).toString()).toContain('secret-9');

  expect(leaks(await readFile(output))).toEqual([]);
  const sealed = await withIso(output, async (image) => {
    const file = image.file('bootwright/policy.sealed');
    return file === undefined ? new Uint8Array() : image.bytes(file);
  });
  // The password itself is nowhere, the others are behind it.
  expect(leaks(Buffer.from(await unseal(sealed, password)))).toEqual(others);
});
