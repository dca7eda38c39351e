/**
 * `npm run demo`: from nothing to a deployed machine. Boot environment, a real Debian 13 image, a site from the
 * template, an ISO with a password, and the proof: a virtual machine with Secure Boot and an empty disk starts from
 * the ISO, is deployed, starts from its disk, and finishes there. Everything lies in `out/demo`.
 */
import { spawnSync } from 'node:child_process';
import { createHash, randomInt } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { terminalProgress } from '../src/host/terminal.ts';
import { BootwrightError } from '../src/model/error.ts';
import { formatBytes, formatDuration } from '../src/model/quantity.ts';
import { obtainDebianImage } from '../src/prove/debian-image.ts';

const root = join(import.meta.dirname, '..');
const folder = join(root, 'out', 'demo');
const site = join(folder, 'site');
const iso = join(folder, 'debian.iso');
const passwordFile = join(folder, 'password.txt');
const profile = 'cd-uefi-secureboot';
const started = performance.now();

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** A command as a person would type it; its output goes where ours goes. */
function bootwright(...args: string[]): void {
  say(`\n$ bootwright ${args.map((arg) => (arg.startsWith(root) ? relative('.', arg) || '.' : arg)).join(' ')}`);
  const { status } = spawnSync(process.execPath, [join(root, 'bin', 'run.js'), ...args], { stdio: 'inherit' });
  if (status !== 0) {
    say(`\nThe demo stopped: the command above ended with code ${status}.`);
    process.exit(status ?? 1);
  }
}

/** What the ISO depends on, as one hash: authored files, the images' identities, the password. */
function inputs(debian: string): string {
  const hash = createHash('sha256')
    .update(debian)
    .update(String(statSync(debian).size));
  const authored = readdirSync(site, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    // The boot image's description names its files by hash.
    .filter((file) => !/boot-images\/[^/]+\/(?!boot-image\.json)/.test(file))
    .sort();
  for (const file of [...authored, passwordFile]) hash.update(`${file}\0`).update(readFileSync(file));
  return hash.digest('hex');
}

async function demo(): Promise<void> {
  mkdirSync(folder, { recursive: true });
  say('Deploys Debian 13 to a virtual machine, from nothing. Nothing but that machine is erased.');
  say('The first time it takes 5 to 15 minutes and 3 GB below out/ and ~/.cache; the next time half of it.');

  if (existsSync(join(site, 'site.yaml'))) say(`\nSite reused: ${site}`);
  else bootwright('init', site, '--template', 'debian');
  bootwright('boot-image', 'build', 'default', '--site', site);

  say('\nDebian 13 as a WIM with Unix data');
  const progress = terminalProgress(false);
  const debian = await obtainDebianImage(progress);
  progress.end(true);
  const made = debian.reused ? 'reused' : 'built';
  say(`${made}: ${debian.packages.length} packages, ${formatBytes(debian.bytes)}, ${debian.file}`);
  writeFileSync(join(site, 'images', 'debian.yaml'), `file: ${JSON.stringify(debian.file)}\n`);
  if (!existsSync(passwordFile)) writeFileSync(passwordFile, `${newPassword()}\n`, { mode: 0o600 });

  const record = join(folder, 'made-from');
  const current = inputs(debian.file);
  if (existsSync(iso) && existsSync(record) && readFileSync(record, 'utf8') === current) {
    say(`\nISO reused (nothing it is made from has changed): ${iso}`);
  } else {
    rmSync(record, { force: true });
    bootwright(
      ...['media', 'create', 'standalone', '--site', site, '--sequence', 'debian', '--output', iso],
      ...['--password-file', passwordFile, '--force'],
    );
    // Creating may have made the site's keys, which are an input from now on.
    writeFileSync(record, inputs(debian.file));
  }
  bootwright(
    ...['media', 'prove', iso, '--site', site, '--password-file', passwordFile],
    ...['--profile', profile, '--expect', 'deployed'],
  );

  const base = iso.replace(/\.iso$/, '');
  say(`\nISO:        ${iso} (password in ${passwordFile})`);
  say(`Proof:      ${base}.proof.json`);
  say(`Screenshot: ${base}.${profile}.png`);
  say(`Took ${formatDuration((performance.now() - started) / 1000)}.`);
  say('deployed');
}

/** Four groups that can be read out and typed on any keyboard. */
function newPassword(): string {
  const letters = 'abcdefghjkmnpqrstuvwx23456789';
  const group = (): string => Array.from({ length: 4 }, () => letters[randomInt(letters.length)]).join('');
  return [group(), group(), group(), group()].join('-');
}

try {
  await demo();
} catch (error) {
  if (!(error instanceof BootwrightError)) throw error;
  process.stderr.write(`${error.code} ${error.message}\nFix: ${error.fix}\n`);
  process.exitCode = error.exitCode;
}
