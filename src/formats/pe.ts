/**
 * Whether an EFI program carries an Authenticode signature: a PE32+ file whose certificate table lies inside the file
 * and begins with a PKCS#7 entry. Does not verify it: firmware and shim do that.
 */
export function isSignedExecutable(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.byteLength < 0x40 || view.getUint16(0, true) !== 0x5a4d) return false;
  const header = view.getUint32(0x3c, true);
  const optional = header + 24;
  // Data directory 4 of PE32+ lies 112 + 4 × 8 bytes into the optional header.
  const directory = optional + 144;
  if (directory + 8 > bytes.byteLength || view.getUint32(header, true) !== 0x4550) return false;
  if (view.getUint16(optional, true) !== 0x20b || view.getUint32(optional + 108, true) < 5) return false;
  const offset = view.getUint32(directory, true);
  const size = view.getUint32(directory + 4, true);
  if (offset === 0 || size < 8 || offset + size > bytes.byteLength) return false;
  const length = view.getUint32(offset, true);
  return length >= 8 && length <= size && view.getUint16(offset + 6, true) === 0x0002;
}
