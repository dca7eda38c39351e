import { createHash } from 'node:crypto';
import {
  checkLookupTable,
  parseIntegrityTable,
  WimFault,
  type WimIntegrityTable,
  wimHeaderSize,
} from '../formats/wim.ts';
import { cacheFolder } from '../host/cache-folder.ts';
import { readBytes, readStream, writeAtomically } from '../host/files.ts';
import { run } from '../host/process.ts';
import { BootwrightError } from '../model/error.ts';
import { hashContent, identityOf, knownHash, rememberHash } from './hash-cache.ts';
import { readFacts, type WimFacts, type WimReader, withWim } from './wim.ts';

export interface VerifyOptions {
  /** Decompress everything as well (`wimlib-imagex verify`). */
  readonly full?: boolean;
  /** Called with bytes read since the last call. */
  readonly onBytes?: (bytes: number) => void;
  readonly signal?: AbortSignal;
}

export interface WimVerification {
  readonly facts: WimFacts;
  /** `absent`: the file has no table, so only its structure was checked. */
  readonly integrity: 'verified' | 'absent';
  readonly decompressed: boolean;
  /** Nothing was read again: the same bytes were verified before. */
  readonly reused: boolean;
}

/**
 * Checks header, XML data, lookup table and integrity table; with `full` every byte of every stream. What was found
 * good is remembered by SHA-256, so unchanged images are not read again.
 *
 * @throws BW-HOST-007, BW-CONTENT-002, -003, -004, -007, BW-HOST-006
 */
export async function verifyWim(file: string, options: VerifyOptions = {}): Promise<WimVerification> {
  return withWim(file, async (wim) => {
    const facts = await readFacts(file, wim);
    const { header } = wim;
    const { lookupTable } = header;
    const table = await wim.read(lookupTable, 'lookup table');
    if (!lookupTable.compressed) checkLookupTable(table, wim.size, header.imageCount);
    const integrity = facts.integrityTable ? 'verified' : 'absent';

    const known = await knownHash(file);
    const earlier = known === undefined ? undefined : await recordOf(known);
    const wantsFull = options.full === true;
    if (earlier !== undefined && (earlier.full || !wantsFull)) {
      return { facts, integrity, decompressed: wantsFull, reused: true };
    }
    if (!facts.integrityTable && !wantsFull) return { facts, integrity, decompressed: false, reused: false };
    const sha256 = facts.integrityTable
      ? await checkIntegrity(file, wim, options)
      : (await hashContent(file, options.onBytes)).sha256;
    if (wantsFull) await decompressAll(file, options.signal);
    await writeAtomically(recordFile(sha256), `${JSON.stringify({ full: wantsFull })}\n`).catch(() => undefined);
    return { facts, integrity, decompressed: wantsFull, reused: false };
  });
}

/** Compares the SHA-1 sums chunk by chunk; the SHA-256 of the whole file falls off on the way. */
async function checkIntegrity(file: string, wim: WimReader, options: VerifyOptions): Promise<string> {
  const { header } = wim;
  const end = header.lookupTable.offset + header.lookupTable.size;
  const bytes = await wim.read(header.integrity, 'integrity table');
  const table = parseIntegrityTable(bytes, end - wimHeaderSize);
  const before = await identityOf(file);
  const whole = createHash('sha256');
  const sums = new ChunkSums(table);
  let position = 0;
  for await (const piece of readStream(file)) {
    if (options.signal?.aborted) throw new BootwrightError('BW-HOST-006', `Verifying ${file} was interrupted.`);
    whole.update(piece);
    const from = Math.max(0, wimHeaderSize - position);
    const to = Math.min(piece.length, end - position);
    if (from < to) sums.update(piece.subarray(from, to));
    position += piece.length;
    options.onBytes?.(piece.length);
  }
  sums.finish();
  const sha256 = whole.digest('hex');
  await rememberHash(file, before, sha256);
  return sha256;
}

class ChunkSums {
  private readonly table: WimIntegrityTable;
  private hash = createHash('sha1');
  private index = 0;
  private filled = 0;

  constructor(table: WimIntegrityTable) {
    this.table = table;
  }

  update(piece: Uint8Array): void {
    let rest = piece;
    while (rest.length > 0) {
      const part = rest.subarray(0, this.table.chunkSize - this.filled);
      this.hash.update(part);
      this.filled += part.length;
      rest = rest.subarray(part.length);
      if (this.filled === this.table.chunkSize) this.close();
    }
  }

  finish(): void {
    if (this.filled > 0) this.close();
    if (this.index !== this.table.sums.length) throw new WimFault('it is shorter than its integrity table says');
  }

  private close(): void {
    const expected = this.table.sums[this.index];
    if (expected === undefined || !this.hash.digest().equals(expected)) {
      const start = wimHeaderSize + this.index * this.table.chunkSize;
      throw new WimFault(`bytes ${start} to ${start + this.filled - 1} are not what its integrity table says`);
    }
    this.index += 1;
    this.filled = 0;
    this.hash = createHash('sha1');
  }
}

async function decompressAll(file: string, signal: AbortSignal | undefined): Promise<void> {
  try {
    await run('wimlib-imagex', ['verify', file], signal === undefined ? {} : { signal });
  } catch (error) {
    if (!(error instanceof BootwrightError) || error.code !== 'BW-HOST-002') throw error;
    throw new WimFault(`decompressing it failed (${error.message})`);
  }
}

async function recordOf(sha256: string): Promise<{ full: boolean } | undefined> {
  try {
    const record: unknown = JSON.parse(new TextDecoder().decode(await readBytes(recordFile(sha256))));
    return { full: (record as { full?: unknown }).full === true };
  } catch {
    return undefined;
  }
}

function recordFile(sha256: string): string {
  return cacheFolder('verified-images', `${sha256}.json`);
}
