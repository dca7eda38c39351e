import { createCipheriv, createDecipheriv } from 'node:crypto';

/** Bytes that authentication adds at the end. */
export const tagLength = 16;

/** Encryption that notices every changed bit (AEAD). */
export interface AuthenticatedCipher {
  /** Ciphertext with its tag. `key` 32 bytes, `nonce` 12 bytes, never the same pair twice. */
  encrypt(plain: Uint8Array, key: Uint8Array, nonce: Uint8Array, associated?: Uint8Array): Uint8Array;
  /** The same, written to the start of `target`: for many pieces, where memory of their own would cost more than the cipher. */
  encryptInto(target: Uint8Array, plain: Uint8Array, key: Uint8Array, nonce: Uint8Array): void;
  /** `undefined` when key, nonce, associated data or ciphertext are not the ones it was encrypted with. */
  decrypt(bytes: Uint8Array, key: Uint8Array, nonce: Uint8Array, associated?: Uint8Array): Uint8Array | undefined;
}

function authenticated(name: 'aes-256-gcm' | 'chacha20-poly1305'): AuthenticatedCipher {
  const options = { authTagLength: tagLength };
  return {
    encrypt(plain, key, nonce, associated = new Uint8Array()) {
      const cipher = createCipheriv(name as 'aes-256-gcm', key, nonce, options);
      cipher.setAAD(associated);
      return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    },
    encryptInto(target, plain, key, nonce) {
      const cipher = createCipheriv(name as 'aes-256-gcm', key, nonce, options);
      // These ciphers keep nothing back: the end brings only the tag.
      target.set(cipher.update(plain));
      cipher.final();
      target.set(cipher.getAuthTag(), plain.length);
    },
    decrypt(bytes, key, nonce, associated = new Uint8Array()) {
      if (bytes.length < tagLength) return undefined;
      const decipher = createDecipheriv(name as 'aes-256-gcm', key, nonce, options);
      decipher.setAAD(associated);
      decipher.setAuthTag(bytes.subarray(bytes.length - tagLength));
      const plain = decipher.update(bytes.subarray(0, bytes.length - tagLength));
      try {
        // As above: the end only compares the tag.
        decipher.final();
        return plain;
      } catch {
        return undefined;
      }
    },
  };
}

export const aesGcm = authenticated('aes-256-gcm');

/** The cipher of age. */
export const chaChaPoly = authenticated('chacha20-poly1305');
