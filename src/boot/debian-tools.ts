import { readBytes, rm } from '../host/files.ts';
import { run } from '../host/process.ts';

/**
 * Programs of the unpacked Debian release, started with that release's own loader and libraries: they run on hosts with
 * an older libc, and every host makes the same bytes, whatever versions it has itself.
 */
export class DebianTools {
  readonly tree: string;
  readonly #signal: AbortSignal | undefined;

  constructor(tree: string, signal?: AbortSignal) {
    this.tree = tree;
    this.#signal = signal;
  }

  /** Runs `program` (a path in the tree) and returns its output. `name` is what it sees as argv[0]. */
  async run(
    program: string,
    args: readonly string[],
    options: { name?: string; stdoutFile?: string; input?: Uint8Array } = {},
  ): Promise<string> {
    const result = await run(
      `${this.tree}/usr/lib64/ld-linux-x86-64.so.2`,
      [
        ...(options.name === undefined ? [] : ['--argv0', options.name]),
        '--library-path',
        this.libraries,
        `${this.tree}/${program}`,
        ...args,
      ],
      {
        ...(options.stdoutFile === undefined ? {} : { stdoutFile: options.stdoutFile }),
        ...(options.input === undefined ? {} : { input: options.input }),
        ...(this.#signal === undefined ? {} : { signal: this.#signal }),
      },
    );
    return result.stdout;
  }

  /** A file's bytes, unpacked when its name says that it is packed (`.xz`, `.zst`, `.gz`). */
  async decompressed(path: string): Promise<Uint8Array> {
    const suffix = /\.(xz|zst|gz)$/.exec(path)?.[1];
    if (suffix === undefined) return readBytes(path);
    const stdoutFile = `${this.tree}/unpacked`;
    if (suffix === 'zst') await this.run('usr/bin/zstd', ['-dqc', path], { stdoutFile });
    // Static, so it needs no loader.
    else await run(`${this.tree}/usr/bin/busybox`, [suffix === 'xz' ? 'xzcat' : 'zcat', path], { stdoutFile });
    const bytes = await readBytes(stdoutFile);
    await rm(stdoutFile);
    return bytes;
  }

  get libraries(): string {
    return `${this.tree}/usr/lib/x86_64-linux-gnu`;
  }

  /** Libraries a program needs, as paths in the tree. Unresolved ones come back as `missing`. */
  async librariesOf(program: string): Promise<{ found: string[]; missing: string[] }> {
    const { stdout } = await run(
      `${this.tree}/usr/lib64/ld-linux-x86-64.so.2`,
      ['--library-path', this.libraries, '--list', program],
      { accept: [1] },
    );
    const found: string[] = [];
    const missing: string[] = [];
    for (const [, name = '', path = ''] of stdout.matchAll(/^\s*(\S+) => (not found|\S+)/gm)) {
      if (path === 'not found') missing.push(name);
      else if (path.startsWith(`${this.tree}/usr/lib/`)) found.push(path.slice(this.tree.length + 1));
    }
    return { found, missing };
  }
}
