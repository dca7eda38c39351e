import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
// Inside the project: the tests of the test find Vitest there.
const folder = mkdtempSync(join(root, 'node_modules', '.report-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

function count(tests: string): unknown {
  writeFileSync(join(folder, 'sample.test.js'), `import { beforeAll, describe, expect, it } from 'vitest';\n${tests}`);
  writeFileSync(join(folder, 'vitest.config.js'), 'export default {};');
  const report = join(folder, 'report.json');
  rmSync(report, { force: true });
  const args = [
    'run',
    '--root',
    folder,
    '--config',
    join(folder, 'vitest.config.js'),
    '--reporter',
    join(root, 'bin', 'report.ts'),
  ];
  spawnSync(process.execPath, [join(root, 'node_modules', 'vitest', 'vitest.mjs'), ...args], {
    env: { ...process.env, BOOTWRIGHT_REPORT: report },
  });
  return JSON.parse(readFileSync(report, 'utf8'));
}

it('counts what passed and failed, and why something was skipped', () => {
  const report = count(`
    it('good', () => {});
    it('bad', () => expect(1).toBe(2));
    it('elsewhere', (context) => context.skip('needs a tape drive'));
    it.skip('silent', () => {});
  `);
  expect(report).toEqual({
    passed: 1,
    failed: ['sample.test.js > bad'],
    skipped: [
      { name: 'sample.test.js > elsewhere', reason: 'needs a tape drive' },
      { name: 'sample.test.js > silent', reason: '' },
    ],
  });
});

it('does not take a failed preparation or a broken file for skipped tests', () => {
  expect(
    count(`describe('suite', () => { beforeAll(() => { throw new Error('no'); }); it('one', () => {}); });`),
  ).toMatchObject({
    passed: 0,
    failed: [expect.stringContaining('suite')],
  });
  expect(count('syntax error')).toMatchObject({ passed: 0, failed: ['sample.test.js'] });
});
