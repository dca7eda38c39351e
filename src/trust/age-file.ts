import { chunkLength, decryptChunk, openAge } from './age.ts';
import { tagLength } from './authenticated-cipher.ts';
import type { PrivateKey } from './private-key.ts';

/** The plain content of an age file, at any place, without reading what lies before it. */
export interface AgeFile {
  /** Bytes of the content. */
  readonly size: number;
  /** These bytes, authentic; they must lie within the content. @throws BW-TRUST-015 */
  read(offset: number, length: number): Uint8Array;
}

const storedLength = chunkLength + tagLength;
/** More than the header of a file for one recipient takes. */
const startLength = 4096;

/**
 * Opens an age file that is read piece by piece. Its end is looked at first: the last chunk says that it is the last,
 * so a file that was cut off is refused before anything of it is used.
 *
 * @throws BW-TRUST-015 damaged or cut off, BW-TRUST-016 for none of these keys
 */
export function openAgeFile(
  readStored: (offset: number, length: number) => Uint8Array,
  storedSize: number,
  identities: readonly PrivateKey[],
): AgeFile {
  const { key, end } = openAge(readStored(0, Math.min(startLength, storedSize)), identities);
  const body = storedSize - end;
  const last = Math.max(0, Math.ceil(body / storedLength) - 1);
  const size = body - (last + 1) * tagLength;
  let kept: { readonly index: number; readonly plain: Uint8Array } | undefined;
  const chunk = (index: number): Uint8Array => {
    if (kept?.index === index) return kept.plain;
    const length = Math.min(storedLength, body - index * storedLength);
    const plain = decryptChunk(readStored(end + index * storedLength, length), key, index, index === last);
    kept = { index, plain };
    return plain;
  };
  chunk(last);
  return {
    size,
    read(offset, length) {
      const pieces: Uint8Array[] = [];
      for (let done = 0; done < length; ) {
        const index = Math.floor((offset + done) / chunkLength);
        const from = (offset + done) % chunkLength;
        const piece = chunk(index).subarray(from, from + length - done);
        if (piece.length === 0) throw new RangeError('read behind the end of an age file');
        pieces.push(piece);
        done += piece.length;
      }
      const [only] = pieces;
      return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces, length);
    },
  };
}
