import { createHash } from 'node:crypto';
import { type FileIdentity, hashContent, identityOf } from '../content/hash-cache.ts';
import { readStream } from '../host/files.ts';
import { BootwrightError } from '../model/error.ts';
import type { CompiledContent } from '../site/compiled-content.ts';
import type { ContentShelf } from './interfaces.ts';

interface ShelvedFile {
  readonly file: string;
  readonly size: number;
  /** When it was hashed: a file that changed since is no longer what its name says. */
  readonly identity: FileIdentity;
}

/** Images and package files where they lie in the site, served under their hashes. */
export class SiteContent implements ContentShelf {
  readonly #files = new Map<string, ShelvedFile>();
  readonly #lists = new Map<string, { readonly bytes: Uint8Array; readonly parts: ReadonlySet<string> }>();

  /** Hashes what is not known yet, and returns the item's hash. @throws BW-HOST-007, BW-CONTENT-007 */
  async add({ item, files }: CompiledContent): Promise<string> {
    const hashes: string[] = [];
    for (const { source, size } of files) {
      const identity = await identityOf(source);
      const { sha256 } = await hashContent(source);
      this.#files.set(sha256, { file: source, size, identity });
      hashes.push(sha256);
    }
    if (item.kind === 'os-image') return hashes[0] ?? '';
    const lines = files.map(({ path }, index) => `${hashes[index]}  ${path.slice(item.file.length + 1)}\n`);
    const bytes = Buffer.from(lines.join(''));
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    this.#lists.set(sha256, { bytes, parts: new Set(hashes) });
    return sha256;
  }

  async size(sha256: string): Promise<number | undefined> {
    return this.#lists.get(sha256)?.bytes.length ?? this.#files.get(sha256)?.size;
  }

  async open(sha256: string, range: { start: number; end: number }): Promise<AsyncIterable<Uint8Array>> {
    const list = this.#lists.get(sha256);
    if (list !== undefined) return oneOf(list.bytes.subarray(range.start, range.end + 1));
    const shelved = this.#files.get(sha256);
    if (shelved === undefined) throw new BootwrightError('BW-SERVER-009', `There is no content ${sha256}.`);
    const { changed, modified } = await identityOf(shelved.file);
    if (changed !== shelved.identity.changed || modified !== shelved.identity.modified)
      throw new BootwrightError('BW-SERVER-009', `The content ${sha256} was changed since it was hashed.`);
    return readStream(shelved.file, range);
  }

  parts(sha256: string): ReadonlySet<string> | undefined {
    return this.#lists.get(sha256)?.parts;
  }
}

async function* oneOf(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}
