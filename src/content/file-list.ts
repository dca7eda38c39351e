import type { ContentKind } from '../model/content.ts';

/** One file of a package as its list names it. */
export interface ListedFile {
  readonly sha256: string;
  /** Relative, `/` separated. */
  readonly path: string;
  /** Of confidential files, whose `sha256` is that of the ciphertext (docs/content.md). */
  readonly plainTag?: string;
}

/** Whether content of this kind is one file; its hash is that of the file then, else that of the list of its files. */
export function isSingleFile(kind: ContentKind): boolean {
  return kind === 'os-image' || kind === 'script';
}

/**
 * The list of a package's files as `sha256sum` prints it, in the order given. Behind each confidential file stands its tag
 * in a line of its own, which `sha256sum -c` takes for a remark.
 */
export function formatFileList(files: readonly ListedFile[]): string {
  return files
    .map(
      ({ sha256, path, plainTag }) =>
        `${sha256}  ${path}\n${plainTag === undefined ? '' : `# plain tag ${plainTag}\n`}`,
    )
    .join('');
}

/** Reads such a list; the first line that is none, or a path that leads elsewhere, is handed to `refuse`. */
export function parseFileList(text: string, refuse: (line: string) => never): readonly ListedFile[] {
  const files: ListedFile[] = [];
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, plainTag] = /^# plain tag ([0-9a-f]{64})$/.exec(line) ?? [];
    const before = files.at(-1);
    if (plainTag !== undefined && before !== undefined && before.plainTag === undefined) {
      files[files.length - 1] = { ...before, plainTag };
      continue;
    }
    const [, sha256 = '', path = ''] = /^([0-9a-f]{64}) {2}(.+)$/.exec(line) ?? [];
    if (path === '' || path.split('/').some((part) => part === '' || part === '.' || part === '..')) refuse(line);
    files.push({ sha256, path });
  }
  return files;
}
