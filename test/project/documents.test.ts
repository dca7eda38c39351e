import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseLine } from '../commands/command-line.ts';

const root = join(import.meta.dirname, '..', '..');
const documents = [
  'README.md',
  'CHANGELOG.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
].map((name) => ({ name, text: readFileSync(join(root, name), 'utf8') }));
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };

/** Lines of the shell blocks, without comments. */
function shellLines(text: string): string[] {
  return [...text.matchAll(/^```sh\n(.*?)^```$/gms)]
    .flatMap(([, block]) => block!.replaceAll('\\\n', ' ').split('\n'))
    .map((line) => line.replace(/(?:^|\s+)#\s.*$/, '').trim())
    .filter((line) => line !== '');
}

describe.each(documents)('$name', ({ name, text }) => {
  it('shows only commands and flags that exist', async () => {
    const inline = [...text.matchAll(/`(bootwright [^`<>…|]*)`/g)].map(([, line]) => line!);
    for (const line of shellLines(text).filter((shell) => shell.startsWith('bootwright '))) await parseLine(line);
    // In running text a command may stand without what it requires.
    for (const line of inline) {
      try {
        await parseLine(line.replace(/\s*\[.*$/, ''));
      } catch (error) {
        expect((error as Error).message, line).toMatch(/Missing|required|expects a value/);
      }
    }
  });

  it('names only npm scripts that exist', () => {
    for (const [, script] of text.matchAll(/\bnpm run ([\w:]+)/g))
      expect(scripts, `npm run ${script}`).toHaveProperty([script!]);
  });

  it('links only to files that exist', () => {
    for (const [, target] of text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g))
      expect(existsSync(join(root, dirname(name), target!)), `${name} → ${target}`).toBe(true);
  });
});

describe('README.md', () => {
  const readme = documents[0]!.text;

  it('has a command as its tenth line, and that command exists', () => {
    expect(readme.split('\n')[9]).toBe('npm run demo');
    expect(scripts).toHaveProperty('demo');
  });

  it('maps every folder of the top level, and none that is not there', () => {
    const map = [...readme.matchAll(/^\| `([\w.]+)\/` \|/gm)].map(([, folder]) => folder);
    const made = new Set(['node_modules', 'dist', 'out', '.git', '.ci', '.cache', 'dist.new', 'dist.old']);
    const folders = readdirSync(root).filter((name) => statSync(join(root, name)).isDirectory() && !made.has(name));
    expect(map.sort()).toEqual(folders.filter((name) => !name.startsWith('.')).sort());
  });
});
