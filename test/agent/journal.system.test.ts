import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseSavedRun } from '../../src/agent/saved-run.ts';

it('the journal is whole after its writer was killed at any moment', async () => {
  const root = await mkdtemp(join(tmpdir(), 'journal-'));
  const writer = join(import.meta.dirname, 'journal-writer.ts');
  try {
    for (let round = 0; round < 4; round += 1) {
      const child = spawn(process.execPath, [writer, root], { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(child.stdout, 'data');
      await new Promise((resolve) => setTimeout(resolve, 9 * round));
      child.kill('SIGKILL');
      await once(child, 'exit');
      const saved = parseSavedRun(await readFile(join(root, '_SMSTaskSequence/state.json'), 'utf8'));
      expect(saved.state.variables[0]?.value).toHaveLength(20_000 + saved.state.position);
    }
  } finally {
    await rm(root, { recursive: true });
  }
});
