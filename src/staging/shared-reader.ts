import { sharedBytes } from '../host/own-thread-storage.ts';
import type { Section } from './disk-plan.ts';

/** One stretch of the medium, the same for all disks. */
export interface Piece {
  readonly section: number;
  /** In the section. */
  readonly offset: number;
  readonly size: number;
}

const usualLength = 1024 * 1024;

/** The pieces of a medium in the order in which they are written. */
function piecesOf(sections: readonly Section[], length: number): Piece[] {
  return sections.flatMap(({ extents }, section) =>
    extents.flatMap(({ offset, size }) =>
      Array.from({ length: Math.ceil(size / length) }, (_, index) => ({
        section,
        offset: offset + index * length,
        size: Math.min(length, size - index * length),
      })),
    ),
  );
}

interface Held {
  readonly buffer: Buffer;
  readonly filled: Promise<void>;
  users: number;
}

/**
 * One reading of a medium for all disks that are written meanwhile: pieces stay in memory as long as disks that started
 * together need them. A disk that starts later or is slower than that reads again, and holds up nobody.
 */
export class SharedReader {
  readonly pieces: readonly Piece[];
  readonly bytes: number;
  readonly #sections: readonly Section[];
  readonly #most: number;
  readonly #length: number;
  /** By number, the least recently used first. */
  readonly #held = new Map<number, Held>();
  readonly #free: Buffer[] = [];

  /** Up to `most` pieces of `length` bytes are kept that nobody uses. */
  constructor(sections: readonly Section[], most = 64, length = usualLength) {
    this.#sections = sections;
    this.#most = most;
    this.#length = length;
    this.pieces = piecesOf(sections, length);
    this.bytes = this.pieces.reduce((sum, { size }) => sum + size, 0);
  }

  /** Hands out the bytes of a piece; they are valid until `use` has ended. */
  async with<T>(number: number, use: (bytes: Buffer, piece: Piece) => Promise<T>): Promise<T> {
    const piece = this.pieces[number]!;
    const held = this.#take(number, piece);
    held.users += 1;
    try {
      await held.filled;
      // The next one is read while this one is written.
      const next = this.pieces[number + 1];
      if (next !== undefined) this.#take(number + 1, next).filled.catch(() => undefined);
      return await use(held.buffer.subarray(0, piece.size), piece);
    } finally {
      held.users -= 1;
      this.#trim();
    }
  }

  #take(number: number, piece: Piece): Held {
    const known = this.#held.get(number);
    if (known !== undefined) {
      this.#held.delete(number);
      this.#held.set(number, known);
      return known;
    }
    const buffer = this.#free.pop() ?? sharedBytes(this.#length);
    const held: Held = { buffer, filled: this.#fill(buffer, piece), users: 0 };
    this.#held.set(number, held);
    // Not kept: whoever comes next tries again.
    held.filled.catch(() => {
      if (this.#held.get(number) === held) this.#held.delete(number);
    });
    return held;
  }

  async #fill(buffer: Buffer, { section, offset, size }: Piece): Promise<void> {
    const bytes = await this.#sections[section]!.storage.read(offset, size);
    buffer.set(bytes);
    // A file system's last block may end behind its file.
    buffer.fill(0, bytes.length, size);
  }

  #trim(): void {
    for (const [number, held] of this.#held) {
      if (this.#held.size <= this.#most) return;
      if (held.users > 0) continue;
      this.#held.delete(number);
      const { buffer } = held;
      // A read that is under way still writes into it.
      held.filled.then(
        () => this.#free.length < this.#most && this.#free.push(buffer),
        () => undefined,
      );
    }
  }
}
