/**
 * The port a proof wants events on: OEM string `bootwright.events=ttyS1` (SMBIOS type 11) in the raw table as the
 * kernel shows it under /sys/firmware/dmi/tables/DMI. Real machines have no such string, so no stranger's serial
 * device is ever written to. `undefined` when there is none, or the table is damaged before it.
 */
export function eventPortFromFirmware(table: Uint8Array): string | undefined {
  return oemStrings(table)
    .map((text) => /^bootwright\.events=(tty[A-Za-z]*\d+|hvc\d+)$/.exec(text.trim())?.[1])
    .find((port) => port !== undefined);
}

/**
 * Addresses a proof gives to names, `bootwright.host=deploy.example.org=10.0.2.100`: in its network nobody answers for
 * names. Who answers there still has to show a certificate for the name.
 */
export function hostsFromFirmware(table: Uint8Array): ReadonlyMap<string, string> {
  return new Map(
    oemStrings(table).flatMap((text) => {
      const [, name, address] = /^bootwright\.host=([a-z0-9.-]+)=(\d+\.\d+\.\d+\.\d+)$/.exec(text.trim()) ?? [];
      return name === undefined || address === undefined ? [] : [[name, address] as const];
    }),
  );
}

/** All strings of all OEM structures (DMTF DSP0134, 6.1.3 and 7.12). */
function oemStrings(table: Uint8Array): string[] {
  const found: string[] = [];
  let start = 0;
  while (start + 4 <= table.length) {
    const type = table[start];
    const length = table[start + 1] ?? 0;
    if (length < 4) break;
    let end = start + length;
    while (end + 1 < table.length && !(table[end] === 0 && table[end + 1] === 0)) end += 1;
    if (type === 11)
      found.push(
        ...Buffer.from(table.subarray(start + length, end))
          .toString('latin1')
          .split('\0'),
      );
    if (type === 127) break;
    start = end + 2;
  }
  return found;
}
