import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const scratch = mkdtempSync(join(tmpdir(), 'ci-test-'));
afterAll(() => rmSync(scratch, { recursive: true }));

/** Runs `.ci/run` in a folder where `npm` is what the test says. */
function ci(name: string, npm: string) {
  const folder = join(scratch, name);
  cpSync(join(root, '.ci'), join(folder, '.ci'), { recursive: true });
  mkdirSync(join(folder, 'bin'));
  mkdirSync(join(folder, 'dist'));
  writeFileSync(join(folder, 'bin', 'npm'), `#!/bin/sh\n${npm}\n`, { mode: 0o755 });
  const { stdout, status } = spawnSync('sh', [join(folder, '.ci', 'run')], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${join(folder, 'bin')}:${process.env['PATH']}` },
  });
  return { folder, status, lastLine: stdout.trimEnd().split('\n').at(-1) };
}

it('ends with the total and the exit code of the tests, in a clean folder, without anybody to ask', () => {
  const report = 'mkdir -p out/reports && echo "7 passed, 1 failed, 2 skipped" > out/reports/total.txt';
  const { folder, status, lastLine } = ci(
    'red',
    `[ "$*" = "run check" ] && exit 0; [ "$*" = test ] && [ "$CI" = true ] && ! read line && ${report}; exit 1`,
  );
  expect([status, lastLine]).toEqual([1, '7 passed, 1 failed, 2 skipped']);
  expect(existsSync(join(folder, 'dist'))).toBe(false);
  expect(ci('green', `${report}; exit 0`).status).toBe(0);
});

it('does not go on to the tests when the checks fail, nor takes what the checks counted for the tests', () => {
  const report = 'mkdir -p out/reports && echo "5 passed, 0 failed" > out/reports/total.txt';
  const checksFail = ci('unclean', `${report}; [ "$*" = "run check" ] && exit 1; touch tested; exit 0`);
  expect(checksFail).toMatchObject({ status: 1, lastLine: '5 passed, 0 failed' });
  expect(existsSync(join(checksFail.folder, 'tested'))).toBe(false);
  const testsDie = ci('dead', `[ "$*" = "run check" ] && { ${report}; exit 0; }; exit 9`);
  expect(testsDie).toMatchObject({ status: 9, lastLine: '0 passed, 1 failed' });
});

it('is a failure when nothing was counted', () => {
  expect(ci('nothing', 'exit 3')).toMatchObject({ status: 3, lastLine: '0 passed, 1 failed' });
  expect(ci('silent', 'exit 0')).toMatchObject({ status: 1, lastLine: '0 passed, 1 failed' });
});
