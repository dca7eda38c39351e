import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseConfigMgrSealed } from '../../src/formats/configmgr-sealed.ts';
import { configMgrKey, unsealConfigMgr } from '../../src/trust/configmgr-unseal.ts';

interface Vectors {
  readonly kdf: Readonly<Record<string, string>>;
  readonly files: readonly { alg: string; password: string; plaintext: string; file_hex: string }[];
}
const file = join(import.meta.dirname, '..', 'fixtures', 'configmgr', 'vectors.json');
const { kdf, files } = JSON.parse(readFileSync(file, 'utf8')) as Vectors;

describe('sealed files of Configuration Manager', () => {
  it.each(Object.entries(kdf))('derive the key of %s as Windows does', (password, hex) => {
    expect(Buffer.from(configMgrKey(password, 40)).toString('hex')).toBe(hex);
    expect(configMgrKey(password, 16)).toHaveLength(16);
  });

  it.each(files)('are opened with $alg', ({ password, plaintext, file_hex }) => {
    const sealed = parseConfigMgrSealed(Buffer.from(file_hex, 'hex'))!;
    expect(unsealConfigMgr(sealed, password)).toBe(plaintext.replace(/\0+$/, ''));
    expect(() => unsealConfigMgr(sealed, `${password} `)).toThrow(/does not open/);
  });

  it('are not opened when they are damaged', () => {
    const bytes = Buffer.from(files[0]!.file_hex, 'hex');
    bytes[bytes.length - 10]! ^= 1;
    expect(() => unsealConfigMgr(parseConfigMgrSealed(bytes)!, files[0]!.password)).toThrow(/damaged/);
  });

  it.each([
    ['too short', (bytes: Buffer) => bytes.subarray(0, 20)],
    ['cut off', (bytes: Buffer) => bytes.subarray(0, 100)],
    ['MDT’s, which is XML', () => Buffer.from('<MediaVarList Version="4.00"/>')],
    [
      'of another cipher',
      (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 16), Buffer.from([1]), bytes.subarray(17)]),
    ],
    [
      'longer than it can be',
      (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 8), Buffer.alloc(4, 255), bytes.subarray(12)]),
    ],
  ])('are not recognised when they are %s', (_what, change) => {
    expect(parseConfigMgrSealed(change(Buffer.from(files[0]!.file_hex, 'hex')))).toBeUndefined();
  });
});
