import { open } from '../host/files.ts';
import { dataExtents } from './disk-image.ts';

export interface SecretFound {
  readonly file: string;
  /** Position of the first occurrence, in bytes. */
  readonly offset: number;
  /** Which of the secrets, by its number: its text must not reach a report. */
  readonly secret: number;
  readonly form: string;
}

/**
 * Looks for secrets in raw files, as UTF-8, UTF-16 (how firmware and Windows keep text) and base64, wherever the text
 * falls on base64's groups of three. Sparse parts are not read.
 */
export async function scanForSecrets(files: readonly string[], secrets: readonly string[]): Promise<SecretFound[]> {
  const needles = secrets.flatMap((text, secret) => formsOf(text).map((form) => ({ secret, ...form })));
  const longest = Math.max(0, ...needles.map(({ bytes }) => bytes.length));
  const found: SecretFound[] = [];
  for (const file of files) {
    const handle = await open(file, 'r');
    try {
      for (const { start, length } of await dataExtents(file)) {
        let kept = Buffer.alloc(0);
        for (let position = start; position < start + length; ) {
          const size = Math.min(4 << 20, start + length - position);
          const { buffer, bytesRead } = await handle.read(Buffer.alloc(size), 0, size, position);
          if (bytesRead === 0) break;
          const window = Buffer.concat([kept, buffer.subarray(0, bytesRead)]);
          for (const { bytes, secret, form } of needles) {
            const at = window.indexOf(bytes);
            if (at >= 0) found.push({ file, offset: position - kept.length + at, secret, form });
          }
          kept = window.subarray(Math.max(0, window.length - longest + 1));
          position += bytesRead;
        }
      }
    } finally {
      await handle.close();
    }
  }
  return found;
}

function formsOf(text: string): { form: string; bytes: Buffer }[] {
  const plain = Buffer.from(text);
  return [
    { form: 'UTF-8', bytes: plain },
    { form: 'UTF-16', bytes: Buffer.from(text, 'utf16le') },
    ...[0, 1, 2].map((shift) => ({ form: 'base64', bytes: base64Core(plain, shift) })),
  ].filter(({ bytes }) => bytes.length >= 4);
}

/** The characters of base64 that depend on the text alone when `shift` bytes of something else stand before it. */
function base64Core(plain: Buffer, shift: number): Buffer {
  const encoded = Buffer.concat([Buffer.alloc(shift), plain])
    .toString('base64')
    .replace(/=+$/, '');
  const first = Math.ceil((shift * 8) / 6);
  const last = Math.floor(((shift + plain.length) * 8) / 6);
  return Buffer.from(encoded.slice(first, last));
}
