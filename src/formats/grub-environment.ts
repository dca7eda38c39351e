/**
 * GRUB's environment block (`grubenv`): 1,024 bytes, a first line, `name=value` lines with backslashes before
 * backslashes and line feeds, filled up with `#`. GRUB writes it back by overwriting its blocks, so the size never changes.
 */
const length = 1024;
const firstLine = '# GRUB Environment Block\n';

/** The values of a block; nothing for what is none. */
export function readGrubEnvironment(bytes: Uint8Array): ReadonlyMap<string, string> {
  const text = Buffer.from(bytes).toString('latin1');
  if (!text.startsWith(firstLine)) return new Map();
  const lines = text.slice(firstLine.length).match(/(?:[^\\\n]|\\[\s\S])*\n/g) ?? [];
  return new Map(
    lines.flatMap((line): [string, string][] => {
      const [, name, value = ''] = /^([^#=]+)=([\s\S]*)\n$/.exec(line) ?? [];
      return name === undefined ? [] : [[name, value.replace(/\\([\s\S])/g, '$1')]];
    }),
  );
}

/** A block with these values. @throws RangeError when they do not fit */
export function writeGrubEnvironment(values: ReadonlyMap<string, string>): Uint8Array {
  const lines = [...values].map(([name, value]) => `${name}=${value.replace(/[\\\n]/g, '\\$&')}\n`);
  const text = firstLine + lines.join('');
  if (text.length > length) throw new RangeError('the values do not fit into an environment block of GRUB');
  return Buffer.from(text.padEnd(length, '#'), 'latin1');
}
