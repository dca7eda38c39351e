import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { ServedRun } from '../../src/prove/service.ts';
import { bootwright, commandEnvironment, type Lab, program, say } from './lab.ts';
import { ProcessWatch } from './process-watch.ts';

/** The address media of the tests ask, `10.0.2.100` in the network of a guest. */
export const serverAddress = '10.0.2.100';
export const serverPort = 8443;

/** A copy of the lab's site, served by the command line; `kill` is what a power cut does to it. */
export class SiteServer {
  readonly folder: string;
  /** On this machine's loopback. */
  readonly port: number;
  readonly #watch: ProcessWatch;
  #child: ChildProcess | undefined;

  private constructor(folder: string, port: number, watch: ProcessWatch) {
    this.folder = folder;
    this.port = port;
    this.#watch = watch;
  }

  static async prepare(lab: Lab, site: string, id: string): Promise<SiteServer> {
    const folder = join(lab.folder, `${id}.site`);
    rmSync(folder, { recursive: true, force: true });
    cpSync(site, folder, { recursive: true, filter: (path) => !/boot-images|\.bootwright/.test(path) });
    return new SiteServer(folder, await freePort(), new ProcessWatch(lab.secrets));
  }

  /** A command about the site, with what it prints as JSON. */
  async run<T = unknown>(...args: readonly string[]): Promise<T> {
    return JSON.parse(await bootwright([...args, '--site', this.folder, '--json'], this.#watch)) as T;
  }

  async start(): Promise<void> {
    const args = ['serve', '--site', this.folder, '--listen', `127.0.0.1:${this.port}`, '--name', serverAddress];
    say(`bootwright ${args.join(' ')}`);
    const child = spawn(process.execPath, [program, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: commandEnvironment(),
    });
    this.#child = child;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    child.stdout?.on('data', (data) => {
      say(String(data).trimEnd());
      if (String(data).includes('Serving on')) resolve();
    });
    child.once('close', (code) => reject(new Error(`serve ended with ${code}`)));
    await promise;
    child.removeAllListeners('close');
  }

  /** Without a warning, in the middle of whatever it does. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await ended;
    say('serve was killed');
  }

  async remove(): Promise<void> {
    await this.kill();
    if (existsSync(this.folder)) rmSync(this.folder, { recursive: true, force: true });
  }

  async waiting(): Promise<string[]> {
    const { waiting } = await this.run<{ waiting: { code: string }[] }>('device', 'approve', 'list');
    return waiting.map(({ code }) => code);
  }

  async approve(code: string): Promise<void> {
    await this.run('device', 'approve', code);
  }

  async runs(): Promise<(ServedRun & { readonly log: string })[]> {
    const { runs } = await this.run<{ runs: (ServedRun & { id: string })[] }>('run', 'list');
    const found = [];
    for (const run of runs) {
      const { events } = await this.run<Pick<ServedRun, 'events'>>('run', 'show', run.id);
      const { log } = await this.run<{ log: string }>('run', 'log', run.id);
      found.push({ ...run, events, log });
    }
    return found;
  }

  /** The service as a proof wants it; who ends it is the test. */
  get service() {
    return {
      port: this.port,
      waiting: () => this.waiting(),
      approve: (code: string) => this.approve(code),
      runs: () => this.runs(),
      close: async () => undefined,
    };
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
