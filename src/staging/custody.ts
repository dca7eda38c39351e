import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { exists, readdir, readText, rm, writeAtomically } from '../host/files.ts';
import { BootwrightError } from '../model/error.ts';
import type { PublicKey } from '../trust/public-key.ts';
import { signBytes, signerOf } from '../trust/signature.ts';
import type { DiskIdentity } from './disk-plan.ts';
import type { MediumStatement } from './medium.ts';
import type { Health } from './smart.ts';
import type { WipeStatement } from './wipe.ts';

/** Who allowed that the disk is erased. */
export type Permission = 'it was empty' | 'typed at the station' | '--yes-erase' | 'continued after an interruption';

/** What was done to one disk: what lies, signed, in `records/`. */
export interface CustodyRecord {
  readonly format: 'bootwright-custody/1';
  /** Names the record and its label. */
  readonly id: string;
  readonly medium: MediumStatement;
  readonly disk: {
    /** Empty when it has none. */
    readonly serial: string;
    readonly vendor: string;
    readonly model: string;
    readonly size: number;
    readonly bay: string;
    readonly path: string;
    readonly port: string;
  };
  /** Empty when none was asked for. */
  readonly asset: string;
  readonly health: Health;
  /** What was on the disk. */
  readonly before: string;
  readonly permission: Permission;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly result: 'laid' | 'failed';
  readonly failure?: { readonly code: string; readonly message: string };
  readonly wipe?: WipeStatement;
  /** Of the medium; everything was read back from the disk and compared. */
  readonly bytesWritten?: number;
  readonly identity?: DiskIdentity;
}

export interface SignedRecord {
  readonly record: CustodyRecord;
  /** Ed25519 over the UTF-8 bytes of `JSON.stringify(record)`; absent when there was no key to sign with. */
  readonly signature?: { readonly key: string; readonly value: string };
}

export interface Signer {
  readonly privateKey: KeyObject;
  readonly publicKey: PublicKey;
}

/** A disk that was begun and not completed yet: what a station finds after a power cut. */
export interface Begun {
  readonly serial: string;
  readonly size: number;
  readonly asset: string;
  readonly before: string;
  readonly startedAt: string;
}

const columns = [
  ...['ended', 'result', 'asset', 'serial', 'model', 'size', 'bay', 'medium', 'medium id', 'wipe'],
  ...['health', 'disk uuid', 'failure', 'record'],
] as const;

/** The folder of a station: signed records, the table made of them, labels, what is under way. */
export class Custody {
  readonly folder: string;
  readonly #signer: Signer | undefined;
  readonly #records: SignedRecord[];

  private constructor(folder: string, signer: Signer | undefined, records: SignedRecord[]) {
    this.folder = folder;
    this.#signer = signer;
    this.#records = records;
  }

  static async open(folder: string, signer?: Signer): Promise<Custody> {
    return new Custody(folder, signer, await readRecords(folder));
  }

  get records(): readonly CustodyRecord[] {
    return this.#records.map(({ record }) => record);
  }

  /** Before the first byte of a disk is written. Disks without a serial cannot be known again. */
  async begin(begun: Begun): Promise<void> {
    if (begun.serial !== '') await writeAtomically(this.#begunPath(begun.serial), `${JSON.stringify(begun)}\n`);
  }

  /** The disk with that serial and size was begun and not completed. */
  async begun(serial: string, size: number): Promise<Begun | undefined> {
    if (serial === '' || !(await exists(this.#begunPath(serial)))) return undefined;
    const begun = JSON.parse(await readText(this.#begunPath(serial))) as Begun;
    return begun.serial === serial && begun.size === size ? begun : undefined;
  }

  /** Signs and keeps a record, then makes the table anew. A failed disk stays begun: it starts again without a question. */
  async add(record: CustodyRecord): Promise<void> {
    const bytes = new TextEncoder().encode(JSON.stringify(record));
    const signed: SignedRecord =
      this.#signer === undefined
        ? { record }
        : {
            record,
            signature: {
              key: this.#signer.publicKey.fingerprint,
              value: Buffer.from(signBytes(bytes, this.#signer.privateKey)).toString('base64'),
            },
          };
    await writeAtomically(
      join(this.folder, 'records', `${record.id}.json`),
      `${JSON.stringify(signed, undefined, 2)}\n`,
    );
    this.#records.push(signed);
    await writeAtomically(join(this.folder, 'custody.csv'), custodyTable(this.records));
    if (record.result === 'laid' && record.disk.serial !== '')
      await rm(this.#begunPath(record.disk.serial), { force: true });
  }

  #begunPath(serial: string): string {
    return join(this.folder, 'begun', `${fileName(serial)}.json`);
  }
}

/** Serials are what a disk says: anything may be in them. */
export function fileName(text: string): string {
  const plain = text.replace(/[^A-Za-z0-9._-]/g, '_').replace(/^\./, '_');
  return plain === text ? plain : `${plain}-${Buffer.from(text).toString('hex').slice(0, 32)}`;
}

/** All records below a station's folder, oldest first. @throws BW-STAGING-013 one cannot be read */
export async function readRecords(folder: string): Promise<SignedRecord[]> {
  const place = join(folder, 'records');
  if (!(await exists(place))) return [];
  const names = (await readdir(place)).filter((name) => name.endsWith('.json') && !name.startsWith('.'));
  const records: SignedRecord[] = [];
  for (const name of names) {
    const file = join(place, name);
    try {
      const signed = JSON.parse(await readText(file)) as SignedRecord;
      if (signed.record.format !== 'bootwright-custody/1') throw new Error('another format');
      records.push(signed);
    } catch (cause) {
      throw new BootwrightError('BW-STAGING-013', `${file} is no custody record that this version can read.`, {
        cause,
      });
    }
  }
  return records.sort((a, b) => (a.record.endedAt + a.record.id < b.record.endedAt + b.record.id ? -1 : 1));
}

/** Whether a record is what was signed with one of these keys. */
export function signatureState(
  { record, signature }: SignedRecord,
  keys: readonly PublicKey[],
): 'signed' | 'unsigned' | 'wrong' {
  if (signature === undefined) return 'unsigned';
  const bytes = new TextEncoder().encode(JSON.stringify(record));
  return signerOf(bytes, Buffer.from(signature.value, 'base64'), keys) === undefined ? 'wrong' : 'signed';
}

/** Comma-separated values with a header (RFC 4180), one line per record. */
export function custodyTable(records: readonly CustodyRecord[]): string {
  const rows = records.map((record) => [
    ...[record.endedAt, record.result, record.asset, record.disk.serial, record.disk.model, record.disk.size],
    ...[record.disk.bay, record.medium.name, record.medium.id ?? '', record.wipe?.method ?? '', record.health.verdict],
    ...[record.identity?.diskUuid ?? '', record.failure?.code ?? '', record.id],
  ]);
  return [columns, ...rows].map((row) => `${row.map((cell) => csvCell(String(cell))).join(',')}\r\n`).join('');
}

/** Spreadsheets calculate what begins like a formula, and serials and tags come from outside. */
function csvCell(text: string): string {
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n;]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
