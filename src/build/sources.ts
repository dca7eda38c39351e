import { createHash } from 'node:crypto';
import { stat } from '../host/files.ts';
import { BootwrightError } from '../model/error.ts';
import type { Layout, SourceFile } from '../model/layout.ts';

/** SHA-256 (hex) of a source; its bytes are reported as they are read. */
export type HashSource = (path: string, onBytes: (bytes: number) => void, signal: AbortSignal) => Promise<string>;

/** Hashes all files of a layout, in its order. */
export async function hashSources(layout: Layout, hash: HashSource, signal: AbortSignal): Promise<Map<string, string>> {
  const hashes = new Map<string, string>();
  for (const file of layout.files) {
    signal.throwIfAborted();
    if ('bytes' in file) hashes.set(file.path, sha256(file.bytes));
    else
      hashes.set(
        file.encryption?.plainPath ?? file.path,
        await hash(file.source, () => signal.throwIfAborted(), signal),
      );
  }
  return hashes;
}

/**
 * Identity, size and time of every source, to notice one that is written to meanwhile.
 *
 * @throws BW-CONTENT-007 one is gone or has another size
 */
export async function sourceFacts(layout: Layout): Promise<Map<string, string>> {
  const facts = new Map<string, string>();
  for (const file of layout.files) {
    if (!('source' in file)) continue;
    const { dev, ino, size, mtimeNs } = await stat(file.source, { bigint: true }).catch((cause: unknown) => {
      throw new BootwrightError('BW-CONTENT-007', `${file.source} is gone: no medium was written.`, { cause });
    });
    if (size !== BigInt(file.encryption?.plainSize ?? file.size)) throw changed(file);
    facts.set(file.path, `${dev} ${ino} ${size} ${mtimeNs}`);
  }
  return facts;
}

/** @throws BW-CONTENT-007 a source is not what it was */
export async function refuseChanges(layout: Layout, before: ReadonlyMap<string, string>): Promise<void> {
  const after = await sourceFacts(layout);
  for (const file of layout.files)
    if ('source' in file && before.get(file.path) !== after.get(file.path)) throw changed(file);
}

function changed(file: SourceFile): BootwrightError {
  return new BootwrightError(
    'BW-CONTENT-007',
    `${file.source} changed while the medium was made: nothing was written.`,
  );
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
