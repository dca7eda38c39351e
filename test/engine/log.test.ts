import { mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openLog } from '../../src/engine/log.ts';
import { parseLog } from '../../src/formats/cmtrace.ts';

it('rolls over before the limit and keeps the order', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'log-'));
  const path = join(folder, 'deep', 'smsts.log');
  const first = await openLog(path, { limitBytes: 1000 });
  await Promise.all(
    Array.from({ length: 12 }, (_, index) => first.write({ text: `line ${index}`, component: 'c', severity: 'info' })),
  );
  await first.close();
  const second = await openLog(path, { limitBytes: 1000 });
  await second.write({ text: 'after reopening', component: 'c', severity: 'info' });
  await second.close();
  expect(readdirSync(join(folder, 'deep'))).toEqual(['smsts.lo_', 'smsts.log']);
  expect(statSync(path).size).toBeLessThanOrEqual(1000);
  const texts = ['smsts.lo_', 'smsts.log'].flatMap((name) =>
    parseLog(readFileSync(join(folder, 'deep', name), 'utf8')).map(({ text }) => text),
  );
  expect(texts.at(-1)).toBe('after reopening');
  expect(texts.slice(0, -1)).toEqual(
    Array.from({ length: 12 }, (_, index) => `line ${index}`).slice(-(texts.length - 1)),
  );
});
