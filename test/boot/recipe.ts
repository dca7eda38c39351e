import { execFileSync } from 'node:child_process';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const page = join(import.meta.dirname, '..', '..', 'docs', 'staging.md');

/**
 * The commands of docs/staging.md, section Linux, as they stand there; only the disk and the WIM are other ones. The first
 * block names them.
 */
export function recipeCommands(disk: string, medium: string): string {
  const section = /^## Linux$([\s\S]*?)^## /m.exec(readFileSync(page, 'utf8'))?.[1] ?? '';
  const [names = '', ...blocks] = [...section.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);
  if (names !== 'disk=/dev/sdX\nmedium=factory.wim\n' || blocks.length < 3)
    throw new Error('docs/staging.md has no recipe of the form this test follows');
  return [`disk='${disk}'`, `medium='${medium}'`, ...blocks].join('\n');
}

/** Follows the recipe on an empty disk in a file, through a loop device: needs root. */
export function layByRecipe(medium: string, file: string, size: number): void {
  writeFileSync(file, '');
  truncateSync(file, size);
  const loop = execFileSync('losetup', ['--find', '--show', '--partscan', file], { encoding: 'utf8' }).trim();
  try {
    const script = `set -eu\n${recipeCommands(loop, medium)}`;
    execFileSync('sh', ['-c', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` },
    });
    execFileSync('sync', [file]);
  } finally {
    execFileSync('losetup', ['--detach', loop]);
  }
}
