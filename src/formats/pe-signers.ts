/** OID 2.5.4.3, commonName. */
const commonName = Buffer.from([0x06, 0x03, 0x55, 0x04, 0x03]);

/**
 * The common names in each Authenticode signature of an EFI program, one list per signature: a loader may be signed
 * twice (Microsoft's UEFI CA of 2011 and that of 2023), and firmware is content with one it knows. Reads names only,
 * verifies nothing. Empty when the program is not signed or not an EFI program.
 */
export function signerNames(bytes: Uint8Array): string[][] {
  return certificateEntries(bytes).map(namesIn);
}

/** The entries of an EFI program's certificate table, each PKCS #7 in DER when it is what it should be. */
export function certificateEntries(bytes: Uint8Array): Buffer[] {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const table = certificateTable(data);
  const entries: Buffer[] = [];
  for (let at = 0; at + 8 <= table.length; ) {
    const length = table.readUInt32LE(at);
    if (length < 8 || at + length > table.length) break;
    entries.push(table.subarray(at + 8, at + length));
    at += Math.ceil(length / 8) * 8;
  }
  return entries;
}

function certificateTable(data: Buffer): Buffer {
  const none = Buffer.alloc(0);
  if (data.length < 0x40) return none;
  // Data directory 4 of PE32+: behind 24 bytes of PE header and 112 + 4 × 8 bytes of optional header.
  const entry = data.readUInt32LE(0x3c) + 24 + 144;
  if (entry + 8 > data.length) return none;
  const offset = data.readUInt32LE(entry);
  const size = data.readUInt32LE(entry + 4);
  return offset === 0 || offset + size > data.length ? none : data.subarray(offset, offset + size);
}

function namesIn(der: Buffer): string[] {
  const names = new Set<string>();
  for (let at = der.indexOf(commonName); at >= 0; at = der.indexOf(commonName, at + 1)) {
    const start = at + commonName.length;
    const length = der[start + 1] ?? 0;
    // Short form only: common names have at most 64 characters.
    if (length < 0x80) names.add(der.subarray(start + 2, start + 2 + length).toString('utf8'));
  }
  return [...names];
}
