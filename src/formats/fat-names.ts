/** Names as FAT stores them: eleven characters of old, and pieces of the long name in front (VFAT). */

const shortName = /^([A-Z0-9_~!#$%&'()@^`{}-]{1,8})(?:\.([A-Z0-9_~!#$%&'()@^`{}-]{1,3}))?$/;

/** Whether a name is more than its eleven characters say. */
export function needsLongName(name: string): boolean {
  return !shortName.test(name);
}

/** Eleven characters that stand for a name and for no other of its folder; remembers them in `taken`. */
export function aliasOf(name: string, taken: Set<string>): string {
  const exact = shortName.exec(name) ?? shortName.exec(name.toUpperCase());
  const plain = exact === null ? undefined : padded(exact[1] ?? '', exact[2] ?? '');
  if (plain !== undefined && !taken.has(plain)) {
    taken.add(plain);
    return plain;
  }
  const clean = (text: string): string => text.toUpperCase().replace(/[^A-Z0-9_-]/g, '');
  const dot = name.lastIndexOf('.');
  const base = clean(dot > 0 ? name.slice(0, dot) : name) || '_';
  const extension = dot > 0 ? clean(name.slice(dot + 1)).slice(0, 3) : '';
  for (let number = 1; ; number += 1) {
    const tail = `~${number}`;
    const alias = padded(`${base.slice(0, 8 - tail.length)}${tail}`, extension);
    if (taken.has(alias)) continue;
    taken.add(alias);
    return alias;
  }
}

function padded(base: string, extension: string): string {
  return `${base.padEnd(8)}${extension.padEnd(3)}`;
}

/** The entries in front of the short one, last piece first. */
export function longEntries(name: string, alias: string): Buffer[] {
  const sum = aliasChecksum(Buffer.from(alias, 'latin1'));
  const count = Math.ceil(name.length / 13);
  const text = Buffer.alloc(count * 26, 0xff);
  text.write(name, 0, 'utf16le');
  if (name.length % 13 !== 0) text.writeUInt16LE(0, name.length * 2);
  return Array.from({ length: count }, (_, index) => {
    const piece = text.subarray(index * 26, (index + 1) * 26);
    const entry = Buffer.alloc(32);
    entry[0] = (index + 1) | (index === count - 1 ? 0x40 : 0);
    piece.copy(entry, 1, 0, 10);
    entry[11] = 0x0f;
    entry[13] = sum;
    piece.copy(entry, 14, 10, 22);
    piece.copy(entry, 28, 22, 26);
    return entry;
  }).reverse();
}

/** Ties long entries to the short one behind them. */
export function aliasChecksum(alias: Uint8Array): number {
  return alias.reduce((sum, byte) => (((sum & 1) << 7) + (sum >> 1) + byte) & 0xff, 0);
}

/** Time and day as FAT counts them, from 1980, in steps of two seconds. */
export function dateOf(epoch: number): { readonly time: number; readonly day: number } {
  const date = new Date(Math.max(epoch, 315_532_800) * 1000);
  return {
    time: (date.getUTCHours() << 11) | (date.getUTCMinutes() << 5) | (date.getUTCSeconds() >> 1),
    day: ((date.getUTCFullYear() - 1980) << 9) | ((date.getUTCMonth() + 1) << 5) | date.getUTCDate(),
  };
}
