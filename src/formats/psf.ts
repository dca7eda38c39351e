/** A console font (PSF 2): glyphs of one size, and which characters they are for. */
export interface ConsoleFont {
  readonly width: number;
  readonly height: number;
  /** Dots of a character row by row, 1 is ink; `undefined` when the font has none for it. */
  glyph(character: string): Uint8Array | undefined;
}

/** Reads an unpacked PSF 2 font with its table of characters. @throws Error saying what is wrong */
export function readConsoleFont(bytes: Uint8Array): ConsoleFont {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (data.length < 32 || data.readUInt32LE(0) !== 0x864ab572) throw new Error('it is no PSF 2 font');
  const [headerSize, flags, count, glyphSize, height, width] = [8, 12, 16, 20, 24, 28].map((at) =>
    data.readUInt32LE(at),
  ) as [number, number, number, number, number, number];
  const tableAt = headerSize + count * glyphSize;
  if ((flags & 1) === 0 || tableAt >= data.length || glyphSize < height * Math.ceil(width / 8))
    throw new Error('its header does not fit its content');
  const numbers = new Map<string, number>();
  let at = tableAt;
  for (let number = 0; number < count && at < data.length; number += 1) {
    const end = data.indexOf(0xff, at);
    // Behind 0xFE come sequences of combined characters; they are not needed.
    const single = data.subarray(at, end).toString('utf8').split('\ufffd')[0] ?? '';
    for (const character of single) numbers.set(character, number);
    at = end + 1;
  }
  return {
    width,
    height,
    glyph(character) {
      const number = numbers.get(character);
      if (number === undefined) return undefined;
      const rows = data.subarray(headerSize + number * glyphSize);
      const row = Math.ceil(width / 8);
      return Uint8Array.from({ length: width * height }, (_, index) => {
        const [x, y] = [index % width, Math.floor(index / width)];
        return ((rows[y * row + (x >> 3)] ?? 0) >> (7 - (x & 7))) & 1;
      });
    },
  };
}
