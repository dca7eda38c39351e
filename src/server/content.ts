import { createHash } from 'node:crypto';
import { formatFileList, isSingleFile, parseFileList } from '../content/file-list.ts';
import { type FileIdentity, hashContent, identityOf } from '../content/hash-cache.ts';
import { blobPath, blobSize } from '../content/library/blobs.ts';
import { readPieces } from '../host/pieces.ts';
import { BootwrightError } from '../model/error.ts';
import type { CompiledContent, CompiledFile } from '../site/compiled-content.ts';
import type { ContentShelf, FileLists } from './interfaces.ts';

/** Two of them per download: with larger ones a hundred downloads would take more memory than they gain in time. */
const length = 256 * 1024;

/** Kept in memory. */
const mostLists = 512;

interface ShelvedFile {
  readonly file: string;
  readonly size: number;
  /** When it was hashed: a file that changed since is no longer what its name says. */
  readonly identity: FileIdentity;
}

export interface SiteContentOptions {
  /** The content library as the site names it now. */
  readonly library: () => string;
  readonly lists: FileLists;
}

/**
 * Content under its hashes: everything the library holds, and what lies plainly in the site, where it lies. Lists of
 * packages are remembered, so that a run that has begun gets its files also after the site has gone on and the server was
 * started again.
 */
export class SiteContent implements ContentShelf {
  readonly #options: SiteContentOptions;
  /** Files of the site itself. */
  readonly #files = new Map<string, ShelvedFile>();
  readonly #sizes = new Map<string, number>();
  readonly #lists = new Map<string, { readonly bytes: Uint8Array; readonly parts: ReadonlySet<string> }>();

  constructor(options: SiteContentOptions) {
    this.#options = options;
  }

  /** Hashes what is not known yet, and returns the item's hash. @throws BW-HOST-007, BW-CONTENT-007 */
  async add({ item, files }: CompiledContent): Promise<string> {
    const hashes: string[] = [];
    for (const file of files) {
      const { sha256 = '' } = item.version === undefined ? { sha256: await this.#addFile(file) } : file;
      this.#sizes.set(sha256, file.size);
      hashes.push(sha256);
    }
    if (isSingleFile(item.kind)) return hashes[0] ?? '';
    const text = formatFileList(
      files.map(({ path, plainTag }, index) => ({
        sha256: hashes[index] ?? '',
        path: path.slice(item.file.length + 1),
        ...(plainTag === undefined ? {} : { plainTag }),
      })),
    );
    const sha256 = createHash('sha256').update(text).digest('hex');
    await this.#options.lists.keep(sha256, text);
    this.#remember(sha256, text);
    return sha256;
  }

  async size(sha256: string): Promise<number | undefined> {
    const list = await this.#list(sha256);
    if (list !== undefined) return list.bytes.length;
    return this.#files.get(sha256)?.size ?? (await blobSize(this.#options.library(), sha256));
  }

  async open(sha256: string, range: { start: number; end: number }): Promise<AsyncIterable<Uint8Array>> {
    const list = await this.#list(sha256);
    if (list !== undefined) return oneOf(list.bytes.subarray(range.start, range.end + 1));
    const shelved = this.#files.get(sha256);
    if (shelved !== undefined && (await isUnchanged(shelved)))
      return readPieces(shelved.file, undefined, { ...range, length });
    // Equal bytes may lie in the library too.
    const library = this.#options.library();
    if ((await blobSize(library, sha256)) !== undefined)
      return readPieces(blobPath(library, sha256), undefined, { ...range, length });
    const why = shelved === undefined ? 'There is no such content' : 'It was changed since it was hashed';
    throw new BootwrightError('BW-SERVER-009', `${why}: ${sha256}.`);
  }

  async parts(sha256: string): Promise<ReadonlySet<string> | undefined> {
    return (await this.#list(sha256))?.parts;
  }

  async absent(sha256: string): Promise<number> {
    let absent = 0;
    for (const file of (await this.parts(sha256)) ?? [sha256]) if (!(await this.#isHere(file))) absent += 1;
    return absent;
  }

  async #isHere(sha256: string): Promise<boolean> {
    const shelved = this.#files.get(sha256);
    if (shelved !== undefined && (await isUnchanged(shelved))) return true;
    const size = await blobSize(this.#options.library(), sha256);
    return size !== undefined && size === (this.#sizes.get(sha256) ?? size);
  }

  async #addFile({ source, size }: CompiledFile): Promise<string> {
    const identity = await identityOf(source);
    const { sha256 } = await hashContent(source);
    this.#files.set(sha256, { file: source, size, identity });
    return sha256;
  }

  async #list(sha256: string) {
    const known = this.#lists.get(sha256);
    if (known !== undefined) return known;
    const text = await this.#options.lists.find(sha256);
    return text === undefined ? undefined : this.#remember(sha256, text);
  }

  #remember(sha256: string, text: string) {
    const refuse = (line: string): never => {
      throw new Error(`a line of the list ${sha256} is none: ${line}`);
    };
    const parts = new Set(parseFileList(text, refuse).map((file) => file.sha256));
    const list = { bytes: Buffer.from(text), parts };
    this.#lists.set(sha256, list);
    const [oldest = ''] = this.#lists.size > mostLists ? this.#lists.keys() : [];
    // It can be found again; a server runs for months.
    this.#lists.delete(oldest);
    return list;
  }
}

async function isUnchanged({ file, identity }: ShelvedFile): Promise<boolean> {
  const now = await identityOf(file).catch(() => undefined);
  return now?.changed === identity.changed && now.modified === identity.modified && now.size === identity.size;
}

async function* oneOf(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}
