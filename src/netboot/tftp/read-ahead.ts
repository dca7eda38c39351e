import type { Content } from './content.ts';

export const slotSize = 65_536;
/** One send touches at most three slots: what was touched last is never the one to go. */
const fewestSlots = 8;
const slotsPerContent = 2 ** 26;

/** A piece of content in the shared memory. Good until the next-but-seven call of `locate`. */
export interface Located {
  readonly offset: number;
  readonly length: number;
}

/** Hot pieces of all contents in one bounded piece of memory; the one unused for longest makes room. */
export class ReadAhead {
  readonly memory: Uint8Array;
  /** Content and number of the piece → slot; the order is that of last use. */
  readonly #slots = new Map<number, number>();
  readonly #free: number[];
  #lastKey = -1;
  #lastSlot = 0;
  readonly counts = { hits: 0, reads: 0 };

  constructor(memory: Uint8Array) {
    const count = Math.floor(memory.length / slotSize);
    if (count < fewestSlots) throw new RangeError(`read-ahead needs ${fewestSlots * slotSize} bytes`);
    this.memory = memory;
    this.#free = Array.from({ length: count }, (_, index) => count - 1 - index);
  }

  /** Where the byte at `position` lies, and how many of the `length` bytes from there on lie behind it. @throws ContentChanged */
  locate(content: Content, position: number, length: number): Located {
    const piece = Math.floor(position / slotSize);
    const slot = this.#slot(content, piece);
    const inside = position - piece * slotSize;
    return { offset: slot * slotSize + inside, length: Math.min(length, slotSize - inside) };
  }

  #slot(content: Content, piece: number): number {
    const key = content.id * slotsPerContent + piece;
    if (key === this.#lastKey) return this.#lastSlot;
    let slot = this.#slots.get(key);
    if (slot === undefined) {
      slot = this.#freeSlot();
      try {
        this.#fill(content, piece, slot);
      } catch (error) {
        this.#free.push(slot);
        throw error;
      }
    } else {
      this.counts.hits += 1;
      this.#slots.delete(key);
    }
    this.#slots.set(key, slot);
    this.#lastKey = key;
    this.#lastSlot = slot;
    return slot;
  }

  #freeSlot(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    const [oldest, slot] = this.#slots.entries().next().value!;
    this.#slots.delete(oldest);
    return slot;
  }

  #fill(content: Content, piece: number, slot: number): void {
    this.counts.reads += 1;
    this.#lastKey = -1;
    const start = piece * slotSize;
    const length = Math.min(slotSize, content.size - start);
    content.read(start, this.memory.subarray(slot * slotSize, slot * slotSize + length));
  }
}
