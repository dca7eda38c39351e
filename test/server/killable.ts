import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A server that can be killed and started again at the same port. */
export class KillableServer {
  readonly #folder: string;
  #child: ChildProcess | undefined;
  port = 0;
  /** What it said after it had begun to listen. */
  said = '';

  constructor(folder: string) {
    this.#folder = folder;
  }

  async start(): Promise<void> {
    const fixture = join(import.meta.dirname, 'serve-fixture.ts');
    const child = spawn(process.execPath, [fixture, this.#folder, String(this.port)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#child = child;
    this.said = '';
    const listening = Promise.withResolvers<void>();
    child.stdout?.on('data', (bytes: Buffer) => {
      this.said += bytes.toString();
      if (/^port \d+$/m.test(this.said)) listening.resolve();
    });
    child.once('exit', () => listening.reject(new Error(`the server ended: ${this.said}`)));
    await listening.promise;
    this.port = Number(/^port (\d+)$/m.exec(this.said)?.[1]);
  }

  async kill(): Promise<void> {
    const ended = once(this.#child!, 'exit');
    this.#child!.kill('SIGKILL');
    await ended;
  }
}

/** What an agent does when the server does not answer: it asks again. */
export async function persistently<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt > 200) throw error;
      await delay(50);
    }
  }
}
