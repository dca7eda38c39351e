/**
 * The kernel's side of a FUSE file system (include/uapi/linux/fuse.h, version 7.31), as far as a folder that is only
 * read needs it. Bytes in, bytes out; little-endian, as all machines we run on.
 */

export interface FuseFile {
  readonly kind: 'file';
  /** Bytes. */
  readonly size: number;
  /** Permission bits. */
  readonly mode: number;
  /** Exactly these bytes; an error becomes EIO for the reader. */
  readonly read: (offset: number, length: number) => Uint8Array;
}

export interface FuseFolder {
  readonly kind: 'folder';
  readonly entries: ReadonlyMap<string, FuseNode>;
}

export type FuseNode = FuseFile | FuseFolder;

/** Bytes of the largest message the kernel sends to a file system that is never written to. */
export const longestRequest = 64 * 1024;

const inHeader = 40;
const outHeader = 16;
const attributesLength = 88;
/** Nothing ever changes: the kernel may keep what it was told for a day. */
const validSeconds = 86_400n;
const errors = { ENOENT: -2, EIO: -5, ENOTDIR: -20, EROFS: -30, ENOSYS: -38 } as const;
/** SETATTR, SYMLINK, MKNOD, MKDIR, UNLINK, RMDIR, RENAME, LINK, WRITE, SETXATTR, REMOVEXATTR, CREATE, FALLOCATE, RENAME2. */
const changing: ReadonlySet<number> = new Set([4, 6, 8, 9, 10, 11, 12, 13, 16, 21, 24, 35, 43, 45]);

/** Answers the kernel's requests about one folder. */
export class FuseAnswers {
  readonly #nodes: FuseNode[] = [];
  readonly #numbers = new Map<FuseNode, number>();
  readonly #onFault: (reason: unknown) => void;

  constructor(root: FuseFolder, onFault: (reason: unknown) => void) {
    this.#onFault = onFault;
    this.#number(root);
  }

  /** The pieces of the answer; `undefined` where the kernel expects none. */
  answer(request: Buffer): Buffer[] | undefined {
    const operation = request.readUInt32LE(4);
    const id = request.readBigUInt64LE(8);
    const node = this.#nodes[Number(request.readBigUInt64LE(16)) - 1];
    const body = request.subarray(inHeader);
    // FORGET, INTERRUPT, BATCH_FORGET.
    if (operation === 2 || operation === 36 || operation === 42) return undefined;
    const result = changing.has(operation) ? errors.EROFS : this.#result(operation, node, body);
    const payload = typeof result === 'number' ? undefined : result;
    const header = Buffer.alloc(outHeader);
    header.writeUInt32LE(outHeader + (payload?.length ?? 0), 0);
    header.writeInt32LE(typeof result === 'number' ? result : 0, 4);
    header.writeBigUInt64LE(id, 8);
    return payload === undefined ? [header] : [header, payload];
  }

  /** A payload, or an error number (0: done, nothing to say). */
  #result(operation: number, node: FuseNode | undefined, body: Buffer): Buffer | number {
    if (operation === 26) return initialised(body);
    if (node === undefined) return errors.ENOENT;
    switch (operation) {
      case 1:
        return this.#lookUp(node, body);
      case 3: {
        const found = Buffer.alloc(16 + attributesLength);
        found.writeBigUInt64LE(validSeconds, 0);
        this.#attributes(node).copy(found, 16);
        return found;
      }
      case 14:
      case 27: {
        // FOPEN_KEEP_CACHE: what was read stays in memory as long as there is room.
        const opened = Buffer.alloc(16);
        opened.writeUInt32LE(2, 8);
        return opened;
      }
      case 15:
        return this.#read(node, body);
      case 28:
        return this.#list(node, body);
      case 17: {
        const facts = Buffer.alloc(80);
        for (const [at, value] of [
          [40, 4096],
          [44, 255],
          [48, 4096],
        ] as const)
          facts.writeUInt32LE(value, at);
        return facts;
      }
      // RELEASE, FLUSH, RELEASEDIR, ACCESS, DESTROY.
      case 18:
      case 25:
      case 29:
      case 34:
      case 38:
        return 0;
      default:
        return errors.ENOSYS;
    }
  }

  #lookUp(node: FuseNode, body: Buffer): Buffer | number {
    if (node.kind !== 'folder') return errors.ENOTDIR;
    const found = node.entries.get(body.subarray(0, body.indexOf(0)).toString());
    if (found === undefined) return errors.ENOENT;
    const entry = Buffer.alloc(40 + attributesLength);
    entry.writeBigUInt64LE(BigInt(this.#number(found)), 0);
    entry.writeBigUInt64LE(validSeconds, 16);
    entry.writeBigUInt64LE(validSeconds, 24);
    this.#attributes(found).copy(entry, 40);
    return entry;
  }

  #read(node: FuseNode, body: Buffer): Buffer | number {
    if (node.kind !== 'file') return errors.EIO;
    const offset = Number(body.readBigUInt64LE(8));
    const length = Math.min(body.readUInt32LE(16), Math.max(0, node.size - offset));
    try {
      const bytes = length === 0 ? Buffer.alloc(0) : node.read(offset, length);
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    } catch (error) {
      this.#onFault(error);
      return errors.EIO;
    }
  }

  #list(node: FuseNode, body: Buffer): Buffer | number {
    if (node.kind !== 'folder') return errors.ENOTDIR;
    const first = Number(body.readBigUInt64LE(8));
    let room = body.readUInt32LE(16);
    const pieces: Buffer[] = [];
    for (const [index, [name, child]] of [...node.entries].entries()) {
      if (index < first) continue;
      const text = Buffer.from(name);
      const entry = Buffer.alloc(24 + Math.ceil(text.length / 8) * 8);
      if (entry.length > room) break;
      room -= entry.length;
      entry.writeBigUInt64LE(BigInt(this.#number(child)), 0);
      entry.writeBigUInt64LE(BigInt(index + 1), 8);
      entry.writeUInt32LE(text.length, 16);
      entry.writeUInt32LE(child.kind === 'folder' ? 4 : 8, 20);
      text.copy(entry, 24);
      pieces.push(entry);
    }
    return Buffer.concat(pieces);
  }

  #attributes(node: FuseNode): Buffer {
    const attributes = Buffer.alloc(attributesLength);
    const size = node.kind === 'file' ? node.size : 0;
    attributes.writeBigUInt64LE(BigInt(this.#number(node)), 0);
    attributes.writeBigUInt64LE(BigInt(size), 8);
    attributes.writeBigUInt64LE(BigInt(Math.ceil(size / 512)), 16);
    attributes.writeUInt32LE(node.kind === 'file' ? 0o100000 | (node.mode & 0o555) : 0o040555, 60);
    attributes.writeUInt32LE(node.kind === 'file' ? 1 : 2, 64);
    attributes.writeUInt32LE(4096, 80);
    return attributes;
  }

  #number(node: FuseNode): number {
    const known = this.#numbers.get(node);
    if (known !== undefined) return known;
    const number = this.#nodes.push(node);
    this.#numbers.set(node, number);
    return number;
  }
}

/** Version 7.31; reads may come before others were answered, and up to 1 MiB at once. */
function initialised(body: Buffer): Buffer {
  const asyncRead = 1;
  const maxPages = 1 << 22;
  const answer = Buffer.alloc(64);
  answer.writeUInt32LE(7, 0);
  answer.writeUInt32LE(31, 4);
  answer.writeUInt32LE(body.readUInt32LE(8), 8);
  answer.writeUInt32LE((asyncRead | maxPages) & body.readUInt32LE(12), 12);
  answer.writeUInt16LE(16, 16);
  answer.writeUInt16LE(12, 18);
  answer.writeUInt32LE(4096, 20);
  answer.writeUInt32LE(1, 24);
  answer.writeUInt16LE(256, 28);
  return answer;
}
