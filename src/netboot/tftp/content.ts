import type { JailedFile } from '../../host/jailed-folder.ts';

/** What a client asked for, readable at any place. All clients of one file share one content. */
export interface Content {
  /** Unique as long as the service runs. */
  readonly id: number;
  readonly size: number;
  /** Fills `into`. @throws ContentChanged */
  read(position: number, into: Uint8Array): void;
  /** One user less; the last one closes the file. */
  release(): void;
}

/** Short or changed data must never look like the end of the file. */
export class ContentChanged extends Error {}

/** Hands out contents, one per file however many clients read it. */
export class Contents {
  readonly #open = new Map<string, { readonly content: Content; users: number }>();
  #lastId = 0;

  get openFiles(): number {
    return this.#open.size;
  }

  ofBytes(bytes: Uint8Array): Content {
    this.#lastId += 1;
    return {
      id: this.#lastId,
      size: bytes.length,
      read: (position, into) => into.set(bytes.subarray(position, position + into.length)),
      release: () => {},
    };
  }

  /** Takes the file over: it is closed with the content, at once where the same one is open already. */
  ofFile(file: JailedFile): Content {
    const known = this.#open.get(file.identity);
    if (known !== undefined) {
      file.close();
      known.users += 1;
      return known.content;
    }
    this.#lastId += 1;
    const entry = { content: this.#fileContent(this.#lastId, file), users: 1 };
    this.#open.set(file.identity, entry);
    return entry.content;
  }

  #fileContent(id: number, file: JailedFile): Content {
    return {
      id,
      size: file.size,
      read: (position, into) => {
        if (file.read(position, into) !== into.length || !file.isUnchanged()) throw new ContentChanged();
      },
      release: () => {
        const entry = this.#open.get(file.identity)!;
        entry.users -= 1;
        if (entry.users > 0) return;
        this.#open.delete(file.identity);
        file.close();
      },
    };
  }
}
