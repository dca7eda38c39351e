import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { firstLine, trivialInitramfs } from '../../bench/trivial-initramfs.ts';

it('holds a program that writes its line and then waits for ever', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'trivial-test-'));
  const archive = Buffer.from(trivialInitramfs());
  const program = join(folder, 'init');
  writeFileSync(
    program,
    archive.subarray(archive.indexOf('\u007fELF'), archive.indexOf(firstLine) + firstLine.length + 1),
    {
      mode: 0o755,
    },
  );
  const child = spawn(program, { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    const text = await new Promise<string>((resolve) => child.stdout.once('data', (data) => resolve(String(data))));
    expect(text).toBe(`${firstLine}\n`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(child.exitCode).toBe(null);
  } finally {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  }
});
