#!/usr/bin/env node
/**
 * Bundles the agent into one file: `dist/agent/agent.mjs`.
 *
 * Node 20 syntax, because the agent also runs where only a distribution's Node is at hand. The banner gives bundled
 * CommonJS dependencies the `require` that ESM lacks, and execa the set operations that came with Node 22.
 */
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const outfile = process.argv[2] ?? join(root, 'dist', 'agent', 'agent.mjs');

await build({
  entryPoints: [join(root, 'src', 'agent', 'main.ts')],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  minify: true,
  // Stack traces in a log from a machine far away are only worth something with names in them.
  keepNames: true,
  legalComments: 'none',
  banner: {
    js: [
      "import{createRequire as bootwrightRequire}from'node:module';const require=bootwrightRequire(import.meta.url);",
      'Set.prototype.union??=function(other){return new Set([...this,...other.keys()])};',
    ].join('\n'),
  },
  logLevel: 'warning',
});
console.log(`${outfile} ${(statSync(outfile).size / 1024).toFixed(0)} KiB`);
