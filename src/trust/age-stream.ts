import { beginAge, chunkLength, decryptChunk, encryptChunk, openAge } from './age.ts';
import { tagLength } from './authenticated-cipher.ts';
import type { PrivateKey } from './private-key.ts';

/** Far above the headers we write; `openAge` refuses longer ones anyway. */
const longestStart = 64 * 1024 + 16;

/** Sixteen chunks: one by one they would be written and hashed in calls that cost more than the work. */
const pieceLength = 16 * (chunkLength + tagLength);

/**
 * Encrypts while streaming, for files that do not fit into memory. Input pieces are copied before the next is asked
 * for, so the source may use its buffers again.
 */
export async function* encryptAgeStream(
  plain: AsyncIterable<Uint8Array>,
  recipients: readonly Uint8Array[],
): AsyncGenerator<Uint8Array> {
  const { bytes, key } = beginAge(recipients);
  yield bytes;
  let piece = Buffer.allocUnsafeSlow(pieceLength);
  let filled = 0;
  for await (const { chunk, index, last } of chunksOf(plain, chunkLength)) {
    filled += encryptChunk(piece.subarray(filled), chunk, key, index, last);
    if (filled < pieceLength) continue;
    yield piece;
    piece = Buffer.allocUnsafeSlow(pieceLength);
    filled = 0;
  }
  if (filled > 0) yield piece.subarray(0, filled);
}

/**
 * Decrypts while streaming. What was yielded is authentic, but only the end says that nothing is missing: use nothing
 * of it before.
 *
 * @throws BW-TRUST-015 damaged or cut off, BW-TRUST-016 for none of these keys
 */
export async function* decryptAgeStream(
  file: AsyncIterable<Uint8Array>,
  identities: readonly PrivateKey[],
): AsyncGenerator<Uint8Array> {
  const source = file[Symbol.asyncIterator]();
  try {
    let start = Buffer.alloc(0);
    for (let next = await source.next(); next.done !== true; next = await source.next()) {
      start = Buffer.concat([start, next.value]);
      if (start.length >= longestStart) break;
    }
    const { key, end } = openAge(start, identities);
    const rest = chunksOf(following(start.subarray(end), source), chunkLength + tagLength);
    for await (const { chunk, index, last } of rest) yield decryptChunk(chunk, key, index, last);
  } finally {
    await source.return?.();
  }
}

async function* following(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

/** Cuts a stream into chunks of one length; the last may be shorter, and is empty only when everything is. */
async function* chunksOf(
  pieces: AsyncIterable<Uint8Array>,
  length: number,
): AsyncGenerator<{ readonly chunk: Uint8Array; readonly index: number; readonly last: boolean }> {
  const chunk = Buffer.alloc(length);
  let filled = 0;
  let index = 0;
  for await (const piece of pieces) {
    for (let taken = 0; taken < piece.length; ) {
      // Only when more comes it is known that a full chunk was not the last.
      if (filled === length) {
        yield { chunk, index, last: false };
        index += 1;
        filled = 0;
      }
      const part = piece.subarray(taken, taken + length - filled);
      chunk.set(part, filled);
      filled += part.length;
      taken += part.length;
    }
  }
  yield { chunk: chunk.subarray(0, filled), index, last: true };
}
