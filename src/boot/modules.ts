/** What depmod writes about the modules of one kernel, parsed. Paths are relative to `lib/modules/<version>`. */
export interface ModuleTree {
  /** Path → paths of everything it needs, as depmod computed it (transitive). */
  readonly dependencies: ReadonlyMap<string, readonly string[]>;
}

/** One thing that can be plugged in and will be driven. Ids are hexadecimal, `*` where any will do. */
export interface HardwareId {
  readonly bus: 'pci' | 'usb';
  readonly vendor: string;
  readonly device: string;
  /** Class for aliases that name no device (any AHCI controller, any USB stick). */
  readonly class?: string;
  readonly module: string;
}

export interface ModuleFacts {
  readonly module: string;
  readonly firmware: readonly string[];
}

/** Parses `modules.dep`. */
export function parseModuleDependencies(text: string): ModuleTree {
  const dependencies = new Map<string, readonly string[]>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0)
      dependencies.set(
        line.slice(0, colon),
        line
          .slice(colon + 1)
          .split(' ')
          .filter((path) => path !== ''),
      );
  }
  return { dependencies };
}

/** `kernel/drivers/net/e1000e/e1000e.ko.xz` → `e1000e`; the kernel takes `-` and `_` as the same. */
export function moduleName(path: string): string {
  return path
    .replace(/^.*\//, '')
    .replace(/\.ko(\.\w+)?$/, '')
    .replaceAll('-', '_');
}

/**
 * The modules below the wanted places, less the unwanted, with everything they need (which may lie in an unwanted
 * place). A place is a folder (`drivers/nvme/`) or a module without its suffix (`drivers/block/loop`), both relative
 * to `kernel/`. Sorted.
 */
export function selectModules(
  tree: ModuleTree,
  wanted: readonly string[],
  unwanted: readonly string[] = [],
): { paths: string[]; unmatched: string[] } {
  const selected = new Set<string>();
  const unmatched = new Set(wanted);
  for (const [path, needs] of tree.dependencies) {
    const place = matchingPlace(path, wanted);
    if (place === undefined) continue;
    unmatched.delete(place);
    if (matchingPlace(path, unwanted) !== undefined) continue;
    selected.add(path);
    for (const need of needs) selected.add(need);
  }
  return { paths: [...selected].sort(), unmatched: [...unmatched] };
}

function matchingPlace(path: string, places: readonly string[]): string | undefined {
  const inner = path.replace(/^kernel\//, '').replace(/\.ko(\.\w+)?$/, '');
  return places.find((place) => (place.endsWith('/') || place === '' ? inner.startsWith(place) : inner === place));
}

/** PCI and USB ids out of `modules.alias` and `modules.builtin.modinfo`, each once, sorted. */
export function hardwareIds(modulesAlias: string, builtinModinfo: string): HardwareId[] {
  const lines = modulesAlias.matchAll(/^alias (\S+) (\S+)$/gm);
  const builtin = builtinModinfo.matchAll(/([^\0.]+)\.alias=([^\0]+)\0/g);
  const pairs = [
    ...[...lines].map(([, alias = '', module = '']) => ({ alias, module })),
    ...[...builtin].map(([, module = '', alias = '']) => ({ alias, module })),
  ];
  const found = new Map<string, HardwareId>();
  for (const { alias, module } of pairs) {
    const id = parseHardwareAlias(alias, module);
    if (id !== undefined) found.set(`${id.bus} ${id.vendor} ${id.device} ${id.class ?? ''} ${id.module}`, id);
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, id]) => id);
}

function parseHardwareAlias(alias: string, module: string): HardwareId | undefined {
  const pci = /^pci:v([0-9A-F]{8}|\*)d([0-9A-F]{8}|\*)sv\S*?sd\S*?bc(\w\w|\*)sc(\w\w|\*)i(\w\w|\*)/.exec(alias);
  if (pci !== null) {
    const [, vendor = '*', device = '*', ...classes] = pci;
    return hardwareId('pci', vendor.slice(-4), device.slice(-4), classes, module);
  }
  const usb =
    /^usb:v([0-9A-F]{4}|\*)p([0-9A-F]{4}|\*)d\S*?dc(\w\w|\*)dsc(\w\w|\*)dp(\w\w|\*)ic(\w\w|\*)isc(\w\w|\*)ip(\w\w|\*)/.exec(
      alias,
    );
  if (usb === null) return undefined;
  const [, vendor = '*', device = '*', ...classes] = usb;
  const ofInterface = classes.slice(3);
  return hardwareId('usb', vendor, device, ofInterface.some((part) => part !== '*') ? ofInterface : classes, module);
}

function hardwareId(
  bus: HardwareId['bus'],
  vendor: string,
  device: string,
  classes: readonly string[],
  module: string,
): HardwareId {
  const id = { bus, vendor: vendor.toLowerCase(), device: device.toLowerCase(), module };
  // A device id says all; its class would only multiply the entries.
  if (device !== '*' || classes.every((part) => part === '*')) return id;
  return { ...id, class: classes.map((part) => part.toLowerCase()).join('') };
}

/** Parses the output of `modinfo FILE…`. */
export function parseModinfo(text: string): ModuleFacts[] {
  return text
    .split(/^filename: +/m)
    .slice(1)
    .map((block) => ({
      module: moduleName(block.slice(0, block.indexOf('\n')).trim()),
      firmware: [...block.matchAll(/^firmware: +(.+)$/gm)].map(([, name = '']) => name.trim()),
    }));
}

const signatureTrailer = new TextEncoder().encode('~Module signature appended~\n');

/** Whether a module (uncompressed) carries a signature; under Secure Boot the kernel takes no other. */
export function isSignedModule(module: Uint8Array): boolean {
  const end = module.subarray(module.length - signatureTrailer.length);
  return Buffer.compare(end, signatureTrailer) === 0;
}
