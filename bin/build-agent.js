#!/usr/bin/env node
/**
 * Bundles the agent into a folder: `dist/agent/agent.mjs` and its parts. `agent.mjs` is what the first sign of life needs;
 * the parts are loaded when it has been given.
 *
 * Node 20 syntax, because the agent also runs where only a distribution's Node is at hand. The banner gives bundled
 * CommonJS dependencies the `require` that ESM lacks, and execa the set operations that came with Node 22.
 */
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const outdir = process.argv[2] ?? join(root, 'dist', 'agent');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
rmSync(outdir, { recursive: true, force: true });

await build({
  entryPoints: { agent: join(root, 'src', 'agent', 'main.ts') },
  outdir,
  outExtension: { '.js': '.mjs' },
  splitting: true,
  chunkNames: 'part-[hash]',
  bundle: true,
  platform: 'node',
  format: 'esm',
  // A CommonJS file that is imported when it is needed comes out with a default export only; OPAQUE brings both kinds.
  mainFields: ['module', 'main'],
  target: 'node20',
  minify: true,
  // Stack traces in a log from a machine far away are only worth something with names in them.
  keepNames: true,
  legalComments: 'none',
  // The bundle has no package.json beside it to say which version it is.
  define: { 'process.env.BOOTWRIGHT_VERSION': JSON.stringify(version) },
  banner: {
    js: [
      "import{createRequire as bootwrightRequire}from'node:module';const require=bootwrightRequire(import.meta.url);",
      'Set.prototype.union??=function(other){return new Set([...this,...other.keys()])};',
    ].join('\n'),
  },
  logLevel: 'warning',
});
for (const name of readdirSync(outdir))
  console.log(`${join(outdir, name)} ${(statSync(join(outdir, name)).size / 1024).toFixed(0)} KiB`);
