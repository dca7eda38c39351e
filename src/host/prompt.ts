import { BootwrightError } from '../model/error.ts';
import { readStream } from './files.ts';
import { ask, askTwice } from './terminal.ts';

/** Far more than any password or certificate needs; keeps `--value-file /dev/zero` from filling the memory. */
const longestSecret = 256 * 1024;

/**
 * Asks for a password or passphrase without showing it, NFC-normalised. `flag` is what answers without a person.
 *
 * @throws BW-HOST-006 interrupted, BW-HOST-008 no terminal
 */
export async function promptSecret(question: string, flag = '--password-file'): Promise<string> {
  return (await ask({ text: question, flag, secret: true })).normalize('NFC');
}

/** Asks for a new password twice. @throws BW-HOST-009 the entries differ, BW-HOST-011 empty, and as `promptSecret` */
export async function promptNewSecret(question: string, flag = '--password-file'): Promise<string> {
  const answer = (await askTwice({ text: question, flag, secret: true })).normalize('NFC');
  if (answer === '') throw new BootwrightError('BW-HOST-011', 'The answer was empty: nothing was written.');
  return answer;
}

/**
 * The value of a secret: from the file when one is named, from standard input when that is no terminal, else asked for
 * twice.
 */
export async function readSecretValue(question: string, file?: string): Promise<string> {
  if (file !== undefined) return readSecretFile(file);
  return process.stdin.isTTY === true ? promptNewSecret(question, '--value-file') : readSecretFile('-');
}

/** A password from a file (`-` is standard input): one line, NFC-normalised. @throws BW-HOST-007, BW-HOST-011 */
export async function readPasswordFile(path: string): Promise<string> {
  const password = (await readSecretFile(path)).normalize('NFC');
  if (/[\r\n]/.test(password)) throw unsuitable(path, 'has more than one line, which nobody could type at a prompt');
  return password;
}

/** A secret of any number of lines from a file (`-` is standard input). @throws BW-HOST-007, BW-HOST-011 */
export async function readSecretFile(path: string): Promise<string> {
  const bytes = await readStart(path);
  if (bytes.length > longestSecret) throw unsuitable(path, 'is too long for a secret');
  let text: string;
  try {
    // The decoder also drops the byte order mark that Windows editors put in front.
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw unsuitable(path, 'is not UTF-8 text', cause);
  }
  // Exactly one newline: editors add one, and a password may end in a space.
  const secret = text.replace(/\r?\n$/, '');
  if (secret === '') throw unsuitable(path, 'is empty');
  if (secret.includes('\0')) throw unsuitable(path, 'holds a NUL character');
  return secret;
}

async function readStart(path: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of path === '-' ? (process.stdin as AsyncIterable<Uint8Array>) : readStream(path)) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > longestSecret) break;
    }
  } catch (cause) {
    throw new BootwrightError('BW-HOST-007', `${path} cannot be read: ${(cause as Error).message}.`, { cause });
  }
  return Buffer.concat(chunks);
}

function unsuitable(path: string, why: string, cause?: unknown): BootwrightError {
  const name = path === '-' ? 'Standard input' : path;
  return new BootwrightError('BW-HOST-011', `${name} ${why}.`, { cause });
}

/** Headers of HTTP from a file, a line `Name: value` each: they hold credentials. @throws BW-HOST-007, BW-HOST-011 */
export async function readHeaderFile(path: string): Promise<Record<string, string>> {
  const lines = (await readSecretFile(path)).split(/\r?\n/).filter((line) => line !== '');
  return Object.fromEntries(
    lines.map((line) => {
      const [, name, value] = /^([!#$%&'*+.^_`|~\w-]+): *(\S.*)$/.exec(line) ?? [];
      if (name === undefined || value === undefined) throw unsuitable(path, 'has a line that is not "Name: value"');
      return [name.toLowerCase(), value];
    }),
  );
}
