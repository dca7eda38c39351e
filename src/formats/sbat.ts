/** One line of a loader's `.sbat` section: a component and how many times its security was repaired. */
export interface SbatEntry {
  readonly component: string;
  readonly generation: number;
  /** Of the package, as its vendor says it: `grub2 2.12-9`. */
  readonly version: string;
}

const sectionLength = 40;

/** What an EFI program says of itself for revocation (rhboot/shim, SBAT.md); empty when it says nothing. */
export function sbatEntries(program: Uint8Array): SbatEntry[] {
  const data = Buffer.from(program.buffer, program.byteOffset, program.byteLength);
  if (data.length < 0x40) return [];
  const coff = data.readUInt32LE(0x3c);
  if (coff + 24 > data.length) return [];
  const table = coff + 24 + data.readUInt16LE(coff + 20);
  for (let index = 0; index < data.readUInt16LE(coff + 6); index += 1) {
    const at = table + index * sectionLength;
    if (at + sectionLength > data.length) return [];
    if (data.toString('latin1', at, at + 8).replace(/\0+$/, '') !== '.sbat') continue;
    const start = data.readUInt32LE(at + 20);
    const length = Math.min(data.readUInt32LE(at + 8), data.readUInt32LE(at + 16));
    return parse(data.toString('utf8', start, start + length));
  }
  return [];
}

function parse(text: string): SbatEntry[] {
  return text
    .replace(/\0[\s\S]*$/, '')
    .split('\n')
    .flatMap((line) => {
      const [component = '', generation = '', , name = '', version = ''] = line.split(',');
      return /^\d+$/.test(generation)
        ? [{ component, generation: Number(generation), version: `${name} ${version}` }]
        : [];
    });
}
