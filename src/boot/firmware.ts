import { unwantedFirmware } from './contents.ts';
import type { ModuleFacts } from './modules.ts';

/**
 * The firmware files worth having, of all in Debian's packages. Intel's Wi-Fi comes in one file per interface version,
 * 2 MB each: a driver loads the newest that is not newer than the one it names, so only that one stays.
 */
export function selectFirmware(files: readonly string[], facts: readonly ModuleFacts[]): string[] {
  const newest = new Map<string, number>();
  for (const name of facts.flatMap(({ firmware }) => firmware)) {
    const intel = parseIntel(name);
    if (intel !== undefined) newest.set(intel.stem, Math.max(intel.version, newest.get(intel.stem) ?? 0));
  }
  const best = new Map<string, { version: number; file: string }>();
  const selected: string[] = [];
  for (const file of files) {
    if (unwantedFirmware.some((pattern) => pattern.test(file))) continue;
    const intel = parseIntel(file);
    if (intel === undefined) {
      selected.push(file);
      continue;
    }
    const before = best.get(intel.stem);
    if (intel.version > (newest.get(intel.stem) ?? 0) || intel.version < (before?.version ?? 0)) continue;
    best.set(intel.stem, { version: intel.version, file });
  }
  return [...selected, ...[...best.values()].map(({ file }) => file)].sort();
}

/**
 * Modules whose firmware is not there. A name may hold wildcards; of Intel's Wi-Fi any version that was kept will do.
 */
export function missingFirmware(facts: readonly ModuleFacts[], present: readonly string[]): Record<string, string[]> {
  const exact = new Set(present.map((name) => name.replace(/\.(xz|zst)$/, '')));
  const intelStems = new Set([...exact].map((name) => parseIntel(name)?.stem));
  const has = (name: string): boolean => {
    if (exact.has(name)) return true;
    const intel = parseIntel(name);
    if (intel !== undefined) return intelStems.has(intel.stem);
    if (!/[*?]/.test(name)) return false;
    const escaped = name
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    const pattern = new RegExp(`^${escaped}$`);
    return [...exact].some((file) => pattern.test(file));
  };
  const missing: Record<string, string[]> = {};
  for (const { module, firmware } of facts) {
    const absent = [...new Set(firmware.filter((name) => !has(name)))].sort();
    if (absent.length > 0) missing[module] = absent;
  }
  return Object.fromEntries(Object.entries(missing).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function parseIntel(name: string): { stem: string; version: number } | undefined {
  const match = /^(?:intel\/iwlwifi\/)?(iwlwifi-.*)-(\d+)\.ucode$/.exec(name);
  return match === null ? undefined : { stem: match[1] ?? '', version: Number(match[2]) };
}
