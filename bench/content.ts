import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addContent } from '../src/content/library/add.ts';
import { nginxConfiguration } from '../src/content/library/nginx.ts';

import { compare, interleave, type Measurement, type Suite } from './suite.ts';

const fileBytes = 2 ** 30;
const streams = 100;
const partBytes = Math.floor(fileBytes / streams);
/** What the service has to reach of nginx' throughput. */
const target = 0.7;

/** The service's content against nginx with the configuration that `content nginx` prints: same file, same certificate. */
export default {
  title: `Content over HTTPS against nginx: one stream of 1 GiB, and ${streams} streams of ${partBytes >> 20} MiB at once`,
  async run(say, rounds) {
    const folder = await mkdtemp(join(tmpdir(), 'bench-content-'));
    const children: ChildProcess[] = [];
    Object.assign(process.env, { XDG_CONFIG_HOME: join(folder, 'config'), XDG_CACHE_HOME: join(folder, 'cache') });
    try {
      const { site, library, sha256 } = await makeSite(folder);
      const [certificate, key] = makeCertificate(folder);
      const ours = await startOurs(children, site, certificate, key, sha256);
      const nginx = await startNginx(children, folder, library, certificate, key);
      const url = (port: number): string => `https://127.0.0.1:${port}/v1/content/${sha256}`;
      const one =
        (port: number, token = '') =>
        async () =>
          fetchAll([url(port)], token, []);
      const many =
        (port: number, token = '') =>
        async () =>
          fetchAll(
            Array.from({ length: streams }, () => url(port)),
            token,
            ['-r', `0-${partBytes - 1}`],
          );
      const results: Measurement[] = [];
      for (const [name, take] of [
        ['one stream', one],
        [`${streams} streams`, many],
      ] as const) {
        const contestants = { bootwright: take(ours.port, ours.token), nginx: take(nginx) };
        await interleave(1, contestants);
        const samples = await interleave(rounds, contestants);
        const measured = compare({
          ...{
            name: `content, ${name}`,
            ours: 'bootwright',
            yardstick: 'nginx',
            limit: 1 / target,
            unit: 's',
            samples,
          },
        });
        const said = `throughput ÷ nginx: ${(1 / measured.ratio).toFixed(2)} (target ${target})`;
        results.push({ ...measured, notes: [said] });
        say(`${name}: ${said}`);
      }
      return results;
    } finally {
      for (const child of children) {
        const ended = once(child, 'exit');
        child.kill('SIGTERM');
        await ended;
      }
      await rm(folder, { recursive: true, force: true });
    }
  },
} satisfies Suite;

async function makeSite(folder: string) {
  const site = join(folder, 'site');
  await mkdir(site);
  writeFileSync(join(site, 'site.yaml'), 'name: Bench\n');
  const file = join(folder, 'large');
  const handle = openSync(file, 'w');
  const piece = randomBytes(2 ** 20);
  for (let written = 0; written < fileBytes; written += piece.length) {
    piece.writeUInt32LE(written >>> 0, 0);
    writeSync(handle, piece);
  }
  closeSync(handle);
  const library = join(site, '.bootwright', 'content');
  const { object } = await addContent(library, {
    ...{ id: 'large', kind: 'os-image', name: 'Large', source: 'images/large.wim', confidential: false },
    files: [{ path: 'large.wim', file, size: fileBytes }],
  });
  await rm(file);
  return { site, library, sha256: object.files[0]?.sha256 ?? '' };
}

function makeCertificate(folder: string): [certificate: string, key: string] {
  const [certificate, key] = [join(folder, 'server.pem'), join(folder, 'server.key')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  execFileSync('openssl', ['req', '-x509', '-nodes', ...curve, ...subject, '-keyout', key, '-out', certificate], {
    stdio: 'ignore',
  });
  return [certificate, key];
}

async function startOurs(children: ChildProcess[], site: string, certificate: string, key: string, sha256: string) {
  const program = join(import.meta.dirname, 'content-server.ts');
  const child = spawn(process.execPath, [program, site, certificate, key, sha256], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const [port = '', token = ''] = line.toString().trim().split(' ');
  return { port: Number(port), token };
}

async function startNginx(
  children: ChildProcess[],
  folder: string,
  library: string,
  certificate: string,
  key: string,
): Promise<number> {
  const port = await freePort();
  const tls = `listen 127.0.0.1:${port} ssl;\n    ssl_certificate ${certificate};\n    ssl_certificate_key ${key};`;
  const server = nginxConfiguration(library, { port }).replace(`listen ${port};`, tls);
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  const main = `daemon off;
user root;
worker_processes auto;
pid ${folder}/nginx.pid;
error_log ${folder}/nginx.log;
events { worker_connections 1024; }
http { access_log off; ${paths.join(' ')}
${server}}
`;
  writeFileSync(join(folder, 'nginx.conf'), main);
  const options = ['-e', `${folder}/nginx.log`, '-c', `${folder}/nginx.conf`];
  const child = spawn('nginx', options, { stdio: ['ignore', 'ignore', 'inherit'] });
  children.push(child);
  await Promise.race([
    reachable(port),
    once(child, 'exit').then(() => {
      throw new Error(`nginx ended: ${readFileSync(`${folder}/nginx.log`, 'utf8')}`);
    }),
  ]);
  return port;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

async function reachable(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    try {
      execFileSync('curl', ['-sk', '-o', '/dev/null', `https://127.0.0.1:${port}/`]);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error('nginx does not answer');
}

/** Seconds until all of it has come. */
async function fetchAll(urls: readonly string[], token: string, more: readonly string[]): Promise<number> {
  const common = ['-sS', '--no-progress-meter', '-k', '-f', '--http1.1', ...more];
  const authorization = token === '' ? [] : ['-H', `Authorization: Bearer ${token}`];
  const parallel = urls.length === 1 ? [] : ['-Z', '--parallel-immediate', '--parallel-max', String(urls.length)];
  const sinks = urls.flatMap((url) => ['-o', '/dev/null', url]);
  const start = performance.now();
  const child = spawn('curl', [...common, ...authorization, ...parallel, ...sinks], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = (await once(child, 'exit')) as [number];
  if (code !== 0) throw new Error(`curl ended with ${code}`);
  return (performance.now() - start) / 1000;
}
