import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

const host = join(import.meta.dirname, '..', '..', 'src', 'host');
const folder = mkdtempSync(join(tmpdir(), 'interrupt-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Starts a program, sends SIGINT `times` times once it has said `ready`, and returns its end. */
async function interrupted(source: string, times: number): Promise<{ code: number | null; output: string }> {
  const program = `
    import { watchForInterrupt } from ${JSON.stringify(join(host, 'interrupt.ts'))};
    import { withScratch } from ${JSON.stringify(join(host, 'files.ts'))};
    const wait = () => new Promise((resolve) => setTimeout(resolve, 5000));
    const ready = () => console.log('ready');
    ${source}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  let sent = 0;
  child.stdout.on('data', (data) => {
    output += data;
    if (sent < times && /ready|cleaning/.test(String(data))) {
      sent += 1;
      child.kill('SIGINT');
    }
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, output };
}

it('ends at once with 130 when nobody holds the signal, and removes scratch folders', async () => {
  const { code } = await interrupted(
    `watchForInterrupt(() => {}); await withScratch(async () => { ready(); await wait(); }, ${JSON.stringify(folder)});`,
    1,
  );
  expect(code).toBe(130);
  expect(readdirSync(folder)).toEqual([]);
});

it('lets whoever holds the signal clean up', async () => {
  const { code, output } = await interrupted(
    `const { signal } = watchForInterrupt(() => console.log('notice'));
     const done = new Promise((resolve) => signal.addEventListener('abort', resolve));
     const alive = setInterval(() => {}, 1000); ready(); await done; clearInterval(alive); console.log('clean'); process.exit(7);`,
    1,
  );
  expect(output).toContain('notice');
  expect(output).toContain('clean');
  expect(code).toBe(7);
});

it('ends at once at the second one', async () => {
  const { code } = await interrupted(
    `const { signal } = watchForInterrupt(() => console.log('cleaning')); signal.throwIfAborted(); ready(); await wait();`,
    2,
  );
  expect(code).toBe(130);
});
