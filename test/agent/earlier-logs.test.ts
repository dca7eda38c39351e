import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { takeOverLogs } from '../../src/agent/earlier-logs.ts';

it('keeps what was logged before a power cut, in order, through several of them', async () => {
  const root = await mkdtemp(join(tmpdir(), 'logs-'));
  const kept = join(root, '_SMSTaskSequence/Logs/Smstslog');
  const logs = join(root, 'run');
  await mkdir(kept, { recursive: true });
  await takeOverLogs(root, logs);
  await expect(readFile(join(logs, 'smsts.lo_'), 'utf8')).rejects.toThrow();
  await writeFile(join(kept, 'smsts.log'), 'first\r\n');
  await takeOverLogs(root, logs);
  expect(await readFile(join(logs, 'smsts.lo_'), 'utf8')).toBe('first\r\n');
  await writeFile(join(kept, 'smsts.lo_'), 'first\r\n');
  await writeFile(join(kept, 'smsts.log'), 'second\r\n');
  await writeFile(join(kept, 'events.jsonl'), '{}\n');
  await takeOverLogs(root, logs);
  expect(await readFile(join(logs, 'smsts.lo_'), 'utf8')).toBe('first\r\nsecond\r\n');
  expect(await readFile(join(logs, 'events-earlier.jsonl'), 'utf8')).toBe('{}\n');
  await rm(root, { recursive: true });
});
