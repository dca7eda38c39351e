/**
 * `npm run build`: TypeScript → `dist`, the agent as one file, the command manifest, the help bundle.
 * `dist` is made anew each time: files of removed sources would live on and be shipped.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');
const fromRoot = (...parts: string[]): string => join(root, ...parts);

function run(program: string, ...args: string[]): void {
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) {
    console.error(`Build failed: ${[program, ...args].join(' ')}${error === undefined ? '' : `: ${error.message}`}`);
    process.exit(1);
  }
}

/** Commands of a build that is under way must not find half a `dist`: it is made beside and exchanged at the end. */
const fresh = fromRoot('dist.new');
rmSync(fresh, { recursive: true, force: true });
run(fromRoot('node_modules', '.bin', 'tsc'), '-p', '.', '--outDir', fresh);

// oclif's help needs no command, only the manifest: one minified file starts in two thirds of the time of 470 modules.
await build({
  stdin: { contents: "export { execute } from '@oclif/core';", resolveDir: root },
  outfile: join(fresh, 'help.cjs'),
  bundle: true,
  minify: true,
  platform: 'node',
  format: 'cjs',
  logLevel: 'warning',
});

const old = fromRoot('dist.old');
rmSync(old, { recursive: true, force: true });
if (existsSync(fromRoot('dist'))) renameSync(fromRoot('dist'), old);
renameSync(fresh, fromRoot('dist'));
rmSync(old, { recursive: true, force: true });

// Imported only now: importing @oclif/core looks at the package, and the manifest has to come from the new `dist`.
const { Plugin } = await import('@oclif/core');
const plugin = new Plugin({ root, type: 'core', isRoot: true, ignoreManifest: true, errorOnManifestCreate: true });
await plugin.load();
// Help, which reads this, would print an empty list as `[default: ]`.
const isEmpty = (key: string, value: unknown): boolean =>
  key === 'default' && Array.isArray(value) && value.length === 0;
const manifest = JSON.stringify(plugin.manifest, (key, value: unknown) => (isEmpty(key, value) ? undefined : value));
writeFileSync(fromRoot('oclif.manifest.json'), `${manifest}\n`);

const buildAgent = ['bin/build-agent.ts', 'bin/build-agent.js'].map((name) => fromRoot(name)).find(existsSync);
if (buildAgent !== undefined) run(process.execPath, buildAgent);

writeFileSync(fromRoot('dist', '.built'), '');
