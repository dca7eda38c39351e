import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bootwright } from './command-line.ts';

const home = mkdtempSync(join(tmpdir(), 'completion-test-'));
const environment = {
  HOME: home,
  XDG_CACHE_HOME: join(home, 'cache'),
  XDG_DATA_HOME: join(home, 'data'),
  SHELL: '/bin/bash',
};
beforeAll(() => {
  const { status, stderr } = bootwright(['autocomplete', 'bash', '--refresh-cache'], environment);
  if (status !== 0) throw new Error(stderr);
});
afterAll(() => rmSync(home, { recursive: true }));

/** What Tab offers in bash after the given words, the last of which may be half typed. */
function offered(...typed: readonly string[]): string[] {
  const functions = join(home, 'cache', 'bootwright', 'autocomplete', 'functions', 'bash', 'bootwright.bash');
  const script = `
    source "$0"
    name=$(complete -p bootwright | sed 's/.*-F \\([^ ]*\\).*/\\1/')
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=\${#COMP_LINE}
    "$name" bootwright "\${COMP_WORDS[COMP_CWORD]}" "" && printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = spawnSync('bash', ['--norc', '-c', script, functions, 'bootwright', ...typed], {
    encoding: 'utf8',
  });
  return stdout
    .split('\n')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

it('completes commands, topics and flags in bash', () => {
  expect(offered('doc')).toContain('doctor');
  expect(offered('doctor', '--')).toEqual(expect.arrayContaining(['--json', '--no-color']));
  expect(offered('media', '')).toContain('create');
});

it('writes functions for zsh', () => {
  const { status } = bootwright(['autocomplete', 'zsh', '--refresh-cache'], { ...environment, SHELL: '/bin/zsh' });
  expect(status).toBe(0);
  const functions = readFileSync(
    join(home, 'cache', 'bootwright', 'autocomplete', 'functions', 'zsh', '_bootwright'),
    'utf8',
  );
  expect(functions).toMatch(/^#compdef .*bootwright/m);
  expect(functions).toContain('doctor');
});
