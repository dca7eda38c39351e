import { execFileSync, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { obtainDebianImage } from '../../src/prove/debian-image.ts';
import { writeSoftware } from './applications.ts';
import { ProcessWatch } from './process-watch.ts';

/** What the boot tests start: a site of their own and the media made from it by the command line, as a user would. */
export interface Lab {
  readonly folder: string;
  readonly site: string;
  /** The 20 planted secrets, `planted-01` first. */
  readonly secrets: readonly string[];
  /** Path of a medium, made on first use and kept while nothing it depends on changes. */
  medium(name: MediumName): Promise<Medium>;
  /** What /proc showed of secrets while media were made. */
  readonly seenInProcesses: readonly string[];
}

export interface Medium {
  /** That it was made from. */
  readonly site: string;
  readonly iso: string;
  readonly password: string;
  readonly passwordFile: string;
  readonly keyboard: 'us' | 'de';
}

interface Recipe {
  /** Of a stand-alone or a capture medium. */
  readonly sequence?: string;
  readonly kind?: 'capture';
  /** Of a bootable one. */
  readonly servers?: readonly string[];
  /** Empty: none. */
  readonly password: string;
  readonly keyboard: 'us' | 'de';
  readonly options?: readonly string[];
  /** A USB image instead of an ISO. */
  readonly usb?: true;
  /** Several discs: the path is that of the first. */
  readonly discs?: true;
  /** A WIM that is laid on the machine's disk. */
  readonly prestaged?: 'offline' | 'online';
  /** Of the boot image that is signed with the lab's own Secure Boot key. */
  readonly locked?: true;
}

const recipes = {
  /** A password of keys that lie elsewhere on a German keyboard, in German. */
  german: { sequence: 'full', password: 'Grüße/ß-y+z', keyboard: 'de' },
  /** A password of letters no key of a US keyboard has: dead keys and numbers. */
  foreign: { sequence: 'plain', password: 'naïve Ω-żółć 7', keyboard: 'us' },
  accents: { sequence: 'small', password: 'crème-à-l-été^2', keyboard: 'de' },
  small: { sequence: 'small', password: 'correct horse', keyboard: 'us' },
  /** Same sequence, other content id: an older medium of the same site. */
  older: { sequence: 'small', password: 'correct horse', keyboard: 'us', options: ['--label', 'OLDER'] },
  failing: { sequence: 'failing', password: 'correct horse', keyboard: 'us' },
  /** With the agent for running systems. */
  client: { sequence: 'client', password: 'correct horse', keyboard: 'us', options: ['--unattended'] },
  unattended: { sequence: 'plain', password: 'correct horse', keyboard: 'us', options: ['--unattended'] },
  encrypted: {
    ...{ sequence: 'plain', password: 'correct horse', keyboard: 'us' },
    options: ['--encrypt-content', '--recovery-key'],
  },
  software: { sequence: 'applications', password: 'correct horse', keyboard: 'us', options: ['--unattended'] },
  dated: {
    ...{ sequence: 'small', password: 'correct horse', keyboard: 'us' },
    options: ['--valid-from', '2026-01-01', '--valid-to', '2036-01-01'],
  },
  locked: { sequence: 'small', password: 'correct horse', keyboard: 'us', locked: true },
  online: { servers: ['https://10.0.2.100:8443'], password: '', keyboard: 'us' },
  known: {
    ...{ servers: ['https://10.0.2.100:8443'], password: '', keyboard: 'us' },
    options: ['--no-unknown-computers'],
  },
  /** The first server cannot be reached from where the machine is; the second is known by its name only. */
  named: {
    ...{ servers: ['https://192.0.2.9:8443', 'https://deploy.example.org:8443,10.0.2.0/24'], keyboard: 'de' },
    ...{ password: 'Grüße/ß-y+z', options: ['--variable', 'OSDComputerName=lab-02'] },
  },
  /** USB images: to the agent, the same as an older medium, and to a deployed system. */
  image: { sequence: 'small', password: 'correct horse', keyboard: 'us', usb: true },
  olderImage: {
    sequence: 'plain',
    password: 'correct horse',
    keyboard: 'us',
    usb: true,
    options: ['--label', 'OLDER'],
  },
  deployImage: { sequence: 'plain', password: 'naïve Ω-żółć 7', keyboard: 'us', usb: true },
  /** Two discs: the boot environment fills most of the first. */
  discs: {
    ...{ sequence: 'discs', password: 'correct horse', keyboard: 'us', discs: true },
    options: ['--volume-size', '280M'],
  },
  single: { sequence: 'plain', password: 'correct horse', keyboard: 'us', usb: true, options: ['--single-partition'] },
  /** Asks where the image goes. */
  capture: { kind: 'capture', sequence: 'capture-lab', password: '', keyboard: 'us' },
  sealedCapture: { kind: 'capture', sequence: 'capture-lab', password: 'correct horse', keyboard: 'us' },
  listing: { sequence: 'listing', password: 'correct horse', keyboard: 'us', usb: true },
  prestagedOffline: { sequence: 'prestaged', password: 'correct horse', keyboard: 'us', prestaged: 'offline' },
  prestagedOnline: {
    ...{ sequence: 'full', servers: ['https://10.0.2.100:8443'], password: '', keyboard: 'us' },
    prestaged: 'online',
  },
} as const satisfies Readonly<Record<string, Recipe>>;
export type MediumName = keyof typeof recipes;

const root = join(import.meta.dirname, '..', '..');
export const labFolder = join(root, 'out', 'boot-tests');

let opened: Promise<Lab> | undefined;

/** One lab for all tests of a run; what an earlier run made is used again when nothing of ours has changed. */
export function openLab(): Promise<Lab> {
  opened ??= prepare();
  return opened;
}

async function prepare(): Promise<Lab> {
  const debian = await obtainDebianImage({ phase: say, advance() {}, note: say });
  const folder = join(labFolder, 'lab');
  const key = inputsKey(debian.file);
  const record = join(folder, 'made-from');
  if (!existsSync(record) || readFileSync(record, 'utf8') !== key) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(join(folder, 'secrets.json'), JSON.stringify(newSecrets()), { mode: 0o600 });
  }
  const secrets: string[] = JSON.parse(readFileSync(join(folder, 'secrets.json'), 'utf8'));
  const watch = new ProcessWatch([
    ...secrets,
    ...Object.values(recipes).flatMap(({ password }) => (password === '' ? [] : [password])),
  ]);
  const sites: Record<'us' | 'de', string> = { us: join(folder, 'site-us'), de: join(folder, 'site-de') };
  if (!existsSync(record)) {
    for (const keyboard of ['us', 'de'] as const)
      await makeSite(sites[keyboard], keyboard, debian.file, secrets, watch);
    await bootwright(['boot-image', 'build', 'default', '--site', sites.us], watch);
    writeFileSync(record, key);
  }
  const media = new Map<MediumName, Promise<Medium>>();
  return {
    folder,
    site: sites.us,
    secrets,
    seenInProcesses: watch.seen,
    medium: (name) => {
      const making = media.get(name) ?? makeMedium(name, folder, watch);
      media.set(name, making);
      return making;
    },
  };
}

async function makeSite(
  site: string,
  keyboard: string,
  debian: string,
  secrets: readonly string[],
  watch: ProcessWatch,
): Promise<void> {
  await bootwright(['init', site], watch);
  rmSync(join(site, 'sequences'), { recursive: true });
  cpSync(join(import.meta.dirname, 'sequences'), join(site, 'sequences'), { recursive: true });
  const yaml = join(site, 'site.yaml');
  writeFileSync(yaml, readFileSync(yaml, 'utf8').replace(/^keyboard: .*$/m, `keyboard: ${keyboard}`));
  writeSoftware(site);
  await bundleListing(join(site, 'packages', 'listing', 'list.mjs'));
  writeFileSync(join(site, 'images', 'debian.yaml'), `file: ${JSON.stringify(debian)}\n`);
  await bootwright(['key', 'init', '--site', site], watch);
  const file = join(site, '..', 'value');
  for (const [index, secret] of secrets.entries()) {
    writeFileSync(file, secret, { mode: 0o600 });
    const name = `planted-${String(index + 1).padStart(2, '0')}`;
    await bootwright(['secret', 'set', name, '--site', site, '--value-file', file], watch);
  }
  rmSync(file, { force: true });
  const agent = join(site, '..', 'agent.tar');
  const server = 'https://10.0.2.100:8443';
  await bootwright(['agent', 'package', '--site', site, '--server', server, '--output', agent, '--force'], watch);
  execFileSync('tar', ['-x', '-f', agent, '-C', join(site, 'packages')]);
  rmSync(agent);
  await bootwright(['collection', 'add', 'strangers', '--site', site, '--member', 'x64 Unknown Computer'], watch);
  await bootwright(
    ['deployment', 'add', 'U1', '--site', site, '--sequence', 'full', '--collection', 'strangers'],
    watch,
  );
}

/** What `media write` lists, as a program for the boot environment. */
async function bundleListing(file: string): Promise<void> {
  const source = JSON.stringify(join(root, 'src', 'host', 'disks.ts'));
  await build({
    stdin: {
      contents: `import { listDisks } from ${source};\nconsole.log('DISKS ' + JSON.stringify(await listDisks()));`,
      resolveDir: root,
    },
    ...{ bundle: true, platform: 'node', format: 'esm', target: 'node24', outfile: file, logLevel: 'error' },
  });
}

async function makeMedium(name: MediumName, folder: string, watch: ProcessWatch): Promise<Medium> {
  const recipe: Recipe = recipes[name];
  const site = join(folder, `site-${recipe.keyboard}`);
  const ending = recipe.prestaged !== undefined ? 'wim' : recipe.usb === true ? 'img' : 'iso';
  const iso = join(folder, `${name}.${ending}`);
  const passwordFile = join(folder, `${name}.password`);
  const path = recipe.discs === true ? iso.replace('.iso', '-1.iso') : iso;
  if (!existsSync(path)) {
    writeFileSync(passwordFile, `${recipe.password}\n`, { mode: 0o600 });
    const servers = (recipe.servers ?? []).flatMap((server) => ['--server', server]);
    const sequence = recipe.sequence === undefined ? [] : ['--sequence', recipe.sequence];
    const kind =
      recipe.prestaged !== undefined
        ? ['prestaged', ...sequence, ...servers, ...(recipe.prestaged === 'offline' ? ['--offline'] : [])]
        : recipe.sequence === undefined
          ? ['bootable', ...servers]
          : [recipe.kind ?? 'standalone', ...sequence];
    await bootwright(
      [
        ...['media', 'create', ...kind, '--site', site, '--output', iso],
        ...(recipe.password === '' ? ['--no-password'] : ['--password-file', passwordFile]),
        ...['--boot-image', recipe.locked === true ? await lockedBootImage(site, watch) : defaultBootImage(folder)],
        ...(recipe.options ?? []),
      ],
      watch,
    );
  }
  return { site, iso: path, password: recipe.password, passwordFile, keyboard: recipe.keyboard };
}

function defaultBootImage(folder: string): string {
  return join(folder, 'site-us', 'boot-images', 'default');
}

async function lockedBootImage(site: string, watch: ProcessWatch): Promise<string> {
  const [key, certificate] = [join(site, '..', 'secure-boot.key'), join(site, '..', 'secure-boot.pem')];
  const subject = ['-subj', '/CN=Example Site Secure Boot/', '-days', '3650'];
  execFileSync(
    'openssl',
    ['req', '-new', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject, '-keyout', key, '-out', certificate],
    { stdio: 'ignore' },
  );
  const signing = ['--secure-boot-key', key, '--secure-boot-certificate', certificate];
  await bootwright(['boot-image', 'build', 'locked', '--site', site, ...signing], watch);
  return join(site, 'boot-images', 'locked');
}

export const program = join(root, 'bin', 'run.js');

/** Private keys of the lab lie beside it. */
export function commandEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, XDG_CONFIG_HOME: join(labFolder, 'lab', 'config') };
}

/** Runs a command and returns its standard output; /proc is watched for secrets meanwhile. */
export async function bootwright(args: readonly string[], watch: ProcessWatch): Promise<string> {
  say(`bootwright ${args.join(' ')}`);
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: commandEnvironment(),
  });
  let result = '';
  let output = '';
  child.stdout.on('data', (data) => (result += String(data)));
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += String(data)));
  const code = await watch.during(new Promise<number | null>((resolve) => child.once('close', resolve)));
  if (code !== 0) throw new Error(`bootwright ${args.join(' ')} ended with ${code}:\n${output.slice(-4000)}`);
  return result;
}

/** Random, or two runs could not be told apart; alike, so that one search finds all of them. */
function newSecrets(): string[] {
  return Array.from({ length: 20 }, (_, index) => `Pl4nted-${index + 1}-${randomBytes(9).toString('base64url')}`);
}

/** Everything that goes into media: the program, the templates, the sequences, the recipes, the image. */
function inputsKey(debian: string): string {
  const hash = createHash('sha256').update(debian).update(JSON.stringify(recipes));
  for (const folder of ['dist/agent', 'dist/src', 'dist/media', 'templates', 'test/boot/sequences']) {
    const files = readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
    for (const file of files) hash.update(`${file.slice(root.length)}\0`).update(readFileSync(file));
  }
  return hash.digest('hex');
}

export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
