#!/usr/bin/env node
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { fileURLToPath } from 'node:url';

// Everything in this file has to load on Node 18: it is what a distribution's own Node meets first.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major > 24 || (major === 24 && minor >= 15)) void start();
else startWithPinnedNode();

async function start() {
  module.enableCompileCache();
  const bundle = new URL('../dist/help.cjs', import.meta.url);
  const args = process.argv.slice(2);
  const wantsText = args.length === 0 || args.includes('--help') || args[0] === '--version';
  // The same oclif in one file: a third faster, which is only worth it where no command (with its own oclif) is loaded.
  if (wantsText && existsSync(bundle)) {
    const { execute } = module.createRequire(import.meta.url)(fileURLToPath(bundle));
    return execute({ dir: import.meta.url });
  }
  const { Config, execute } = await import('@oclif/core');
  const config = await Config.load(fileURLToPath(import.meta.url));
  const ours = config.plugins.get('bootwright');
  // oclif's explicit list loads all commands to run one.
  ours.findCommand = async (id) => {
    const { commandModules } = await import('../dist/commands/index.js');
    const { default: command } = await commandModules[id]();
    return Object.assign(command, { id, plugin: ours });
  };
  return execute({ loadOptions: config });
}

function startWithPinnedNode() {
  const pinned = fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url));
  if (!existsSync(pinned)) {
    process.stderr.write(
      `Bootwright needs Node 24.15 or newer; this is ${process.versions.node}.\nFix: sh bin/set-up\n`,
    );
    process.exit(3);
  }
  const child = spawn(pinned, process.argv.slice(1), { stdio: 'inherit' });
  // Ctrl-C reaches the child too; it decides how to end, and we end the same way.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
}
