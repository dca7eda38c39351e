import type { Storage } from './storage.ts';

const sector = 512;

/** A storage in memory over another one, which stays as it is. */
export class LayeredStorage implements Storage {
  readonly size: number;
  readonly #below: Pick<Storage, 'read'>;
  readonly #sectors = new Map<number, Buffer>();

  constructor(below: Pick<Storage, 'read' | 'size'>) {
    this.#below = below;
    this.size = below.size;
  }

  async read(offset: number, length: number): Promise<Buffer> {
    const found = Buffer.from(await this.#below.read(offset, length));
    const last = Math.floor((offset + found.length - 1) / sector);
    for (let number = Math.floor(offset / sector); number <= last; number += 1) {
      const own = this.#sectors.get(number);
      if (own === undefined) continue;
      const at = number * sector - offset;
      own.copy(found, Math.max(0, at), Math.max(0, -at));
    }
    return found;
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    for (const { number, bytes: whole } of await this.sectorsOf(offset, bytes)) this.#sectors.set(number, whole);
  }

  /** One recorded sector, as it was written. */
  put({ number, bytes }: SectorWrite): void {
    this.#sectors.set(number, bytes);
  }

  async flush(): Promise<void> {}
  async forget(): Promise<void> {}

  /** A write as whole sectors: what a disk writes wholly or not at all. */
  protected async sectorsOf(offset: number, bytes: Uint8Array): Promise<SectorWrite[]> {
    const start = Math.floor(offset / sector) * sector;
    const end = Math.min(this.size, Math.ceil((offset + bytes.length) / sector) * sector);
    const whole = await this.read(start, end - start);
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).copy(whole, offset - start);
    return Array.from({ length: Math.ceil(whole.length / sector) }, (_, index) => ({
      number: start / sector + index,
      bytes: Buffer.from(whole.subarray(index * sector, (index + 1) * sector)),
    }));
  }
}

export interface SectorWrite {
  readonly number: number;
  readonly bytes: Buffer;
}

/**
 * Records what is written, in the spans between flushes: after a power cut a disk has all of the spans that were
 * flushed, and of the one that was not, any of its sectors.
 */
export class WriteRecorder extends LayeredStorage {
  readonly spans: SectorWrite[][] = [[]];

  override async write(offset: number, bytes: Uint8Array): Promise<void> {
    this.spans.at(-1)?.push(...(await this.sectorsOf(offset, bytes)));
    await super.write(offset, bytes);
  }

  override async flush(): Promise<void> {
    if (this.spans.at(-1)?.length !== 0) this.spans.push([]);
  }

  override async forget(): Promise<void> {
    await this.flush();
  }
}
