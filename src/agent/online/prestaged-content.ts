import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { formatFileList, isSingleFile } from '../../content/file-list.ts';
import { chmod, copyFile, rename, rm } from '../../host/files.ts';
import type { ContentItem } from '../../model/policy.ts';
import type { Medium } from '../medium.ts';
import { hasContent } from './download.ts';

/** Content that lies on the disk already, by its hash: what is there under another name or of another version is used too. */
export class PrestagedContent {
  readonly #medium: Medium;
  readonly #paths: ReadonlyMap<string, string>;

  constructor(medium: Medium) {
    this.#medium = medium;
    this.#paths = new Map(
      medium.manifest.files
        .filter(({ path }) => path.startsWith('bootwright/content/'))
        .map(({ path, sha256 }) => [sha256, path]),
    );
  }

  /** Where a file with this hash lies. All of the medium was compared with its signed list before. */
  find(sha256: string): string | undefined {
    const path = this.#paths.get(sha256);
    return path === undefined ? undefined : join(this.#medium.folder, path);
  }

  /** Copies a file; it appears whole, and what was copied is what it should be. False: it is not here. */
  async copy(sha256: string, target: string, mode: number): Promise<boolean> {
    const source = this.find(sha256);
    if (source === undefined) return false;
    const part = `${target}.part`;
    await copyFile(source, part);
    await chmod(part, mode);
    await rename(part, target);
    if (await hasContent(target, sha256)) return true;
    await rm(target, { force: true });
    return false;
  }

  /** The list of a package's files, when exactly these lie here. */
  listOf({ kind, sha256, file }: ContentItem): string | undefined {
    if (isSingleFile(kind)) return undefined;
    const files = this.#medium.manifest.files.flatMap(({ path, sha256: sum }) =>
      path.startsWith(`${file}/`) ? [{ sha256: sum, path: path.slice(file.length + 1) }] : [],
    );
    const text = formatFileList(files);
    return createHash('sha256').update(text).digest('hex') === sha256 ? text : undefined;
  }
}
