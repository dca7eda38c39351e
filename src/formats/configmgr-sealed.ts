/**
 * The files in which Configuration Manager keeps media variables (`variables.dat`, `*.boot.var`) and the policies of
 * stand-alone media (`policy.xml`). Only read: to open and judge one's own old media, never to make such files.
 */
export interface ConfigMgrSealed {
  readonly algorithm: ConfigMgrCipher;
  /** Bytes of the text, UTF-16. */
  readonly plainLength: number;
  readonly ciphertext: Uint8Array;
}

export interface ConfigMgrCipher {
  readonly name: string;
  /** As OpenSSL calls it. */
  readonly cipher: 'aes-128-cbc' | 'aes-192-cbc' | 'aes-256-cbc' | 'des-ede3-cbc';
  readonly keyBytes: number;
  readonly blockBytes: number;
}

/** ALG_ID of Windows' CryptoAPI. */
const algorithms: Readonly<Record<number, ConfigMgrCipher>> = {
  26126: { name: 'AES-128', cipher: 'aes-128-cbc', keyBytes: 16, blockBytes: 16 },
  26127: { name: 'AES-192', cipher: 'aes-192-cbc', keyBytes: 24, blockBytes: 16 },
  26128: { name: 'AES-256', cipher: 'aes-256-cbc', keyBytes: 32, blockBytes: 16 },
  26115: { name: '3DES', cipher: 'des-ede3-cbc', keyBytes: 24, blockBytes: 8 },
};

const magic = 0xeced0000;
const headerLength = 24;

/** `undefined` when the file is not of this format (MDT's `variables.dat` is plain XML, for example). */
export function parseConfigMgrSealed(file: Uint8Array): ConfigMgrSealed | undefined {
  if (file.length < headerLength) return undefined;
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const algorithm = algorithms[view.getUint32(16, true)];
  if (view.getUint32(0, true) !== magic || view.getUint32(4, true) !== 20 || algorithm === undefined) return undefined;
  const plainLength = view.getUint32(8, true);
  const length = view.getUint32(12, true);
  const padding = length - plainLength;
  const isPadded = padding >= 1 && padding <= algorithm.blockBytes && length % algorithm.blockBytes === 0;
  // Eight bytes of unknown meaning follow; they are left alone.
  if (!isPadded || plainLength % 2 !== 0 || headerLength + length > file.length) return undefined;
  return { algorithm, plainLength, ciphertext: file.subarray(headerLength, headerLength + length) };
}
