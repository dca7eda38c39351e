/** Keeps what was used last; for facts that may be forgotten. */
export class BoundedMap<Value> {
  readonly #entries = new Map<string, Value>();
  readonly #room: number;

  constructor(room: number) {
    this.#room = room;
  }

  get(key: string): Value | undefined {
    return this.#entries.get(key);
  }

  set(key: string, value: Value): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size > this.#room) this.#entries.delete(this.#entries.keys().next().value!);
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  entries(): [string, Value][] {
    return [...this.#entries];
  }
}
