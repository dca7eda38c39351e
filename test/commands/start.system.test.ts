import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../commands/all.ts';
import { bootwright, root } from './command-line.ts';

describe('bootwright', () => {
  it('shows every command or its topic in --help, from the manifest', () => {
    const { stdout, status } = bootwright(['--help']);
    expect(status).toBe(0);
    for (const id of Object.keys(COMMANDS)) expect(stdout).toMatch(new RegExp(`^  ${id.split(':')[0]}\\b`, 'm'));
    const manifest = JSON.parse(readFileSync(join(root, 'oclif.manifest.json'), 'utf8')) as { commands: object };
    expect(Object.keys(manifest.commands).sort()).toEqual(Object.keys(COMMANDS).sort());
  });

  it('loads no command for --help', () => {
    const loaded = spawnSync(process.execPath, [join(root, 'bin', 'run.js'), '--help'], {
      encoding: 'utf8',
      env: { ...process.env, NODE_DEBUG: 'esm,module' },
    });
    expect(loaded.stderr).toContain('help.cjs');
    expect(loaded.stderr).not.toContain('dist/commands/base.js');
  });

  it.each([
    [['docter'], 'bootwright doctor'],
    [['media', 'creat'], 'bootwright media create'],
    [['media', 'create', 'standalon', '--sequence', 'x'], 'bootwright media create standalone'],
  ])('suggests a command for %j and ends with 2', (args, suggestion) => {
    const { stderr, stdout, status } = bootwright(args, { COLUMNS: '200', OCLIF_COLUMNS: '200' });
    expect(stderr.replaceAll(/\s*\n\s*›\s*/g, ' ')).toContain(`Did you mean "${suggestion}"?`);
    expect(stdout).toBe('');
    expect(status).toBe(2);
  });

  it('suggests a flag, also as JSON', () => {
    const { stderr, status } = bootwright(['doctor', '--jsn']);
    expect(stderr).toContain('Did you mean --json?');
    expect(status).toBe(2);
    const { stdout } = bootwright(['doctor', '--jsn', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ error: { message: expect.stringContaining('Did you mean --json?') } });
  });

  it('colours nothing with NO_COLOR or --no-color', () => {
    const forced = bootwright(['errors', 'BW-HOST-001', '--no-color'], { FORCE_COLOR: '1' });
    expect(forced.stdout).not.toContain('\u001b');
    expect(bootwright(['--help'], { NO_COLOR: '1' }).stdout).not.toContain('\u001b');
  });

  it('does not mind a reader that goes away', () => {
    const { stderr } = spawnSync('sh', ['-c', '"$0" bin/run.js errors | head -n 1', process.execPath], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
  });
});

describe('errors', () => {
  it('explains a code and ends with 0', () => {
    const { stdout, status } = bootwright(['errors', 'bw-host-005']);
    expect(stdout).toBe(
      'BW-HOST-005  The output exists already (exit code 4, refused)\n  Name another output, or add --force to replace it.\n',
    );
    expect(status).toBe(0);
  });

  it('refuses an unknown code with a code of its own', () => {
    const { stdout, stderr, status } = bootwright(['errors', 'BW-NO-1']);
    expect([stdout, status]).toEqual(['', 2]);
    expect(stderr).toBe(
      'BW-HOST-010 There is no error BW-NO-1.\nFix: `bootwright errors` without a code lists all of them.\n',
    );
    const json = bootwright(['errors', 'BW-NO-1', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ error: { code: 'BW-HOST-010' } });
    expect(json.stderr).toBe('');
  });
});

describe('doctor', () => {
  it('ends with 3 and names the packages when programs are missing', () => {
    const { stdout, status } = bootwright(['doctor', '--json'], { PATH: '/nowhere' });
    const result = JSON.parse(stdout) as { complete: boolean; missing: string[] };
    expect(status).toBe(3);
    expect(result.complete).toBe(false);
    expect(result.missing).toContain('xorriso');
    expect(bootwright(['doctor'], { PATH: '/nowhere' }).stdout).toMatch(/^xorriso +MISSING +xorriso/m);
  });
});
