import { crc32, deflateSync } from 'node:zlib';

/** Dots, row by row: 1 is black, 0 is white. */
export interface Bitmap {
  readonly width: number;
  readonly height: number;
  readonly dots: Uint8Array;
}

/** A black and white picture as PNG (1 bit per dot), at `dotsPerInch` when printed. */
export function encodePng({ width, height, dots }: Bitmap, dotsPerInch: number): Buffer {
  const row = 1 + Math.ceil(width / 8);
  const rows = Buffer.alloc(row * height);
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const at = y * row + 1 + (x >> 3);
      if (dots[y * width + x] === 0) rows[at] = (rows[at] ?? 0) | (0x80 >> (x & 7));
    }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // One bit per dot, greyscale.
  header[8] = 1;
  const scale = Buffer.alloc(9);
  scale.writeUInt32BE(Math.round(dotsPerInch / 0.0254), 0);
  scale.writeUInt32BE(Math.round(dotsPerInch / 0.0254), 4);
  scale[8] = 1;
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('pHYs', scale),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}
