import { lstat, readdir } from '../host/files.ts';
import type { Problem } from '../model/error.ts';

export interface PackageFile {
  /** Relative to the package, `/` separated. */
  readonly path: string;
  readonly size: number;
}

export interface PackageFacts {
  /** Sorted by path, bytewise. */
  readonly files: readonly PackageFile[];
  readonly bytes: number;
  /** What cannot go on a medium; `file` is relative to the package. */
  readonly problems: readonly Problem[];
}

// A medium's files may be copied to a FAT32 stick (Rufus' ISO mode), so its rules hold for all of them.
const forbiddenOnFat = /[\\:*?"<>|\u0000-\u001f]|[. ]$/;

/** Lists a package's folder. Links are not followed: a package must be whole in itself. */
export async function readPackage(folder: string): Promise<PackageFacts> {
  const files: PackageFile[] = [];
  const problems: Problem[] = [];
  const names = new Map<string, string>();
  const refuse = (file: string, message: string, fix?: string): void => {
    problems.push({ severity: 'error', code: 'BW-CONTENT-006', file, message, ...(fix === undefined ? {} : { fix }) });
  };
  const walk = async (below: string): Promise<void> => {
    for (const entry of await readdir(`${folder}/${below}`, { withFileTypes: true })) {
      const path = `${below}${entry.name}`;
      const twin = names.get(path.toLowerCase());
      names.set(path.toLowerCase(), path);
      if (forbiddenOnFat.test(entry.name)) {
        refuse(
          path,
          'The name holds a character that FAT32 does not allow.',
          'Rename it: no \\ : * ? " < > | and no dot or space at the end.',
        );
      } else if (twin !== undefined) {
        refuse(
          path,
          `The name differs from ${twin} only in case.`,
          'Rename one of them: on a stick they would be one file.',
        );
      } else if (entry.isDirectory()) await walk(`${path}/`);
      else if (entry.isFile()) files.push({ path, size: (await lstat(`${folder}/${path}`)).size });
      else refuse(path, entry.isSymbolicLink() ? 'This is a symbolic link.' : 'This is neither a file nor a folder.');
    }
  };
  await walk('');
  files.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  problems.sort((a, b) => (a.file < b.file ? -1 : 1));
  return { files, bytes: files.reduce((sum, { size }) => sum + size, 0), problems };
}
