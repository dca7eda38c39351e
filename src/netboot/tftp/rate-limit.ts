/** Counts what comes per second, in all and per source, and says what is too much. Times in milliseconds. */
export class RateLimit {
  readonly #perSource: number;
  readonly #total: number;
  readonly #counts = new Map<string, number>();
  #all = 0;
  #second = Number.NEGATIVE_INFINITY;

  constructor(perSource: number, total: number) {
    this.#perSource = perSource;
    this.#total = total;
  }

  /** Whether one more from this source may be looked at. Bounded in memory: no second holds more sources than its total. */
  admits(source: string, now: number): boolean {
    if (now - this.#second >= 1000) {
      this.#second = now;
      this.#all = 0;
      this.#counts.clear();
    }
    if (this.#all >= this.#total) return false;
    this.#all += 1;
    const count = (this.#counts.get(source) ?? 0) + 1;
    this.#counts.set(source, count);
    return count <= this.#perSource;
  }
}
