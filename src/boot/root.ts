import { listFiles, readText, rm } from '../host/files.ts';
import { templatePath } from '../host/package.ts';
import { run } from '../host/process.ts';
import { firmwareLinks, plainFiles, programLinks, programs } from './contents.ts';
import type { DebianTools } from './debian-tools.ts';
import { type Kernel, type ModuleAliases, stageModules } from './kernel.ts';
import { compileKeymaps } from './keyboards.ts';
import { Staging } from './staging.ts';

export interface RootParts {
  readonly kernel: Kernel;
  readonly modules: readonly string[];
  /** Host paths: a file and a folder. */
  readonly node: string;
  readonly agent: string;
  readonly keyboard: string;
  readonly allowShell: boolean;
  readonly prestart?: string;
  /** Firmware of Debian's packages, relative to the firmware folder. */
  readonly firmware: readonly string[];
  /** Firmware the user brings: path relative to the firmware folder → host file. */
  readonly extraFirmware: ReadonlyMap<string, string>;
}

/** Builds `root.squashfs`; returns its path and what depmod says about its modules. */
export async function buildRoot(
  parts: RootParts,
  tools: DebianTools,
  scratch: string,
): Promise<{ archive: string; aliases: ModuleAliases }> {
  const staging = new Staging(`${scratch}/root`, tools);
  await staging.layOut();
  const aliases = await stageModules(parts.kernel, parts.modules, staging, tools);
  await stageFirmware(staging, parts);
  for (const program of programs) await staging.takeProgram(program);
  for (const [link, target] of Object.entries(programLinks)) await staging.link(link, target);
  for (const place of plainFiles) {
    const inside = place.endsWith('/') ? await listFiles(`${tools.tree}/${place.slice(0, -1)}`) : [''];
    for (const name of inside) await staging.take(place + name);
  }
  for (const [name, text] of await compileKeymaps(tools))
    await staging.write(`usr/share/bootwright/keymaps/${name}.kmap`, text);
  await stageAgent(staging, parts);
  await stageOwnFiles(staging, parts);
  await stageBusybox(staging, tools);
  const archive = `${scratch}/root.squashfs`;
  await tools.run('usr/bin/mksquashfs', [
    staging.folder,
    archive,
    ...['-noappend', '-no-progress', '-quiet', '-no-xattrs', '-all-root', '-reproducible'],
    ...['-all-time', '0', '-mkfs-time', '0', '-comp', 'zstd', '-Xcompression-level', '15', '-b', '128K'],
  ]);
  await rm(staging.folder, { recursive: true });
  return { archive, aliases };
}

async function stageFirmware(staging: Staging, parts: RootParts): Promise<void> {
  const folder = 'usr/lib/firmware';
  for (const [name, source] of parts.extraFirmware) await staging.copy(source, `${folder}/${name}`);
  for (const name of parts.firmware) if (!parts.extraFirmware.has(name)) await staging.take(`${folder}/${name}`);
  for (const [name, target] of Object.entries(firmwareLinks)) await staging.link(`${folder}/${name}`, target);
}

async function stageAgent(staging: Staging, { node, agent }: RootParts): Promise<void> {
  await staging.copy(node, 'usr/bin/node', 0o755);
  await staging.takeLibraries(`${staging.folder}/usr/bin/node`);
  for (const name of await listFiles(agent)) await staging.copy(`${agent}/${name}`, `usr/lib/bootwright/agent/${name}`);
}

async function stageOwnFiles(staging: Staging, parts: RootParts): Promise<void> {
  const template = (name: string): Promise<string> => readText(templatePath('boot-environment', name));
  await staging.write('init', await template('init'), 0o755);
  await staging.write('usr/lib/bootwright/common', await template('common'));
  await staging.write('usr/lib/bootwright/dhcp', await template('dhcp'), 0o755);
  await staging.write('usr/lib/bootwright/on-device', await template('on-device'), 0o755);
  await staging.write('usr/bin/keyboard', await template('keyboard'), 0o755);
  await staging.write('etc/bootwright/keyboard', `${parts.keyboard}\n`);
  if (parts.allowShell) await staging.write('etc/bootwright/allow-shell', '');
  if (parts.prestart !== undefined) await staging.write('etc/bootwright/prestart', parts.prestart);
  await staging.write('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n');
  await staging.write('etc/group', 'root:x:0:\n');
  await staging.write('etc/hostname', 'bootwright\n');
  await staging.write('etc/hosts', '127.0.0.1 localhost bootwright\n::1 localhost\n');
  await staging.write('etc/os-release', 'NAME="Bootwright boot environment"\nID=bootwright\nID_LIKE=debian\n');
  await staging.link('etc/mtab', '/proc/self/mounts');
}

/** busybox stands in for every program that is not there itself. */
async function stageBusybox(staging: Staging, tools: DebianTools): Promise<void> {
  await staging.take('usr/bin/busybox');
  const { stdout } = await run(`${tools.tree}/usr/bin/busybox`, ['--list']);
  for (const applet of stdout.split('\n').filter((name) => name !== '')) {
    if (await staging.has(`usr/sbin/${applet}`)) continue;
    await staging.link(`usr/bin/${applet}`, 'busybox');
  }
}
