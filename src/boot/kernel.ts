import { chmod, listFiles, readdir, readText } from '../host/files.ts';
import { BootwrightError } from '../model/error.ts';
import type { DebianTools } from './debian-tools.ts';
import { initramfsModules, initramfsUnwantedModules, unwantedModules } from './module-places.ts';
import { type ModuleTree, parseModuleDependencies, selectModules } from './modules.ts';
import type { Staging } from './staging.ts';

/** Debian's kernel in the unpacked tree, with depmod's lists made. */
export interface Kernel {
  readonly version: string;
  /** `vmlinuz` in the tree, signed by Debian. */
  readonly image: string;
  readonly modules: ModuleTree;
}

/** Texts of `modules.alias` and `modules.builtin.modinfo`. */
export interface ModuleAliases {
  readonly alias: string;
  readonly builtin: string;
}

const moduleLists = ['modules.order', 'modules.builtin', 'modules.builtin.modinfo'] as const;

/** Version of the one kernel in the tree. @throws BW-BOOT-009 */
export async function kernelVersion(tools: DebianTools): Promise<string> {
  const [version, ...others] = await readdir(`${tools.tree}/usr/lib/modules`);
  if (version === undefined || others.length > 0) {
    throw new BootwrightError('BW-BOOT-009', 'The packages do not hold exactly one kernel.');
  }
  return version;
}

/** Computes what the kernel's modules need of each other. */
export async function readKernel(tools: DebianTools, version: string): Promise<Kernel> {
  await tools.run('usr/bin/kmod', ['-b', tools.tree, version], { name: 'depmod' });
  const modules = parseModuleDependencies(await readText(`${tools.tree}/usr/lib/modules/${version}/modules.dep`));
  return { version, image: `${tools.tree}/boot/vmlinuz-${version}`, modules };
}

/** Modules of the initramfs, and what the user adds. @throws BW-BOOT-005 an extra module is not there */
export function initramfsSelection(kernel: Kernel, extra: readonly string[]): string[] {
  const places = extra.map((name) => placeOf(kernel, name));
  return selectModules(kernel.modules, [...initramfsModules, 'updates/', ...places], initramfsUnwantedModules).paths;
}

/** Modules of the root: all but those no deployment needs. @throws BW-BOOT-005 */
export function rootSelection(kernel: Kernel, extra: readonly string[]): string[] {
  const base = selectModules(kernel.modules, [''], unwantedModules).paths;
  const added = selectModules(
    kernel.modules,
    extra.map((name) => placeOf(kernel, name)),
  ).paths;
  return [...new Set([...base, ...added])].sort();
}

function placeOf(kernel: Kernel, name: string): string {
  const wanted = name.replaceAll('-', '_');
  for (const path of kernel.modules.dependencies.keys()) {
    const place = path.replace(/^kernel\//, '').replace(/\.ko(\.\w+)?$/, '');
    if (place.replace(/^.*\//, '').replaceAll('-', '_') === wanted) return place;
  }
  throw new BootwrightError('BW-BOOT-005', `Kernel ${kernel.version} has no module ${name}.`);
}

/** Puts modules as they are into a staging folder, with lists of just these; returns their aliases. */
export async function stageModules(
  kernel: Kernel,
  paths: readonly string[],
  staging: Staging,
  tools: DebianTools,
): Promise<ModuleAliases> {
  const folder = `usr/lib/modules/${kernel.version}`;
  for (const path of paths) await staging.take(`${folder}/${path}`);
  for (const list of moduleLists) await staging.take(`${folder}/${list}`);
  await tools.run('usr/bin/kmod', ['-b', staging.folder, kernel.version], { name: 'depmod' });
  const base = `${staging.folder}/${folder}`;
  // depmod makes its files as the caller's umask says.
  for (const name of await readdir(base)) if (name.startsWith('modules.')) await chmod(`${base}/${name}`, 0o644);
  return { alias: await readText(`${base}/modules.alias`), builtin: await readText(`${base}/modules.builtin.modinfo`) };
}

/** The text of `modinfo` about the named modules. */
export async function modinfo(kernel: Kernel, paths: readonly string[], tools: DebianTools): Promise<string> {
  const folder = `${tools.tree}/usr/lib/modules/${kernel.version}`;
  return tools.run(
    'usr/bin/kmod',
    paths.map((path) => `${folder}/${path}`),
    { name: 'modinfo' },
  );
}

/** Firmware files in the tree, relative to the firmware folder. */
export async function firmwareFiles(tools: DebianTools): Promise<string[]> {
  return listFiles(`${tools.tree}/usr/lib/firmware`);
}
