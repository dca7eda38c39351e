import { X509Certificate } from 'node:crypto';
import { readText } from '../../host/files.ts';
import { BootwrightError } from '../../model/error.ts';
import type { MediumAbout } from '../../model/medium.ts';
import { namesSecret } from '../../site/passwords.ts';

/** Volume names ISO 9660 has room for; the characters are those every system shows alike. */
export function checkLabel(label: string): string {
  if (!/^[A-Za-z0-9 _.-]{1,32}$/.test(label) || label.trim() !== label)
    throw new BootwrightError('BW-MEDIA-004', `The label ${JSON.stringify(label)} cannot be used.`);
  return label;
}

/**
 * Variables from `--variables-file` and `--variable`; the command line wins. What every process of the machine can
 * read in our arguments must not be a secret.
 *
 * @throws BW-MEDIA-008 malformed, or a secret on the command line, BW-HOST-007
 */
export async function readVariables(given: readonly string[], file?: string): Promise<Record<string, string>> {
  const variables: Record<string, string> = {};
  if (file !== undefined) {
    const lines = (await readText(file)).split(/\r?\n/);
    for (const [index, line] of lines.entries()) {
      if (line.trim() === '' || line.trimStart().startsWith('#')) continue;
      const [name, value] = assignment(line, `${file}:${index + 1}`);
      variables[name] = value;
    }
  }
  for (const text of given) {
    const [name, value] = assignment(text, '--variable');
    // Without a value it is asked for on the target.
    if (namesSecret(name) && value !== '')
      throw new BootwrightError(
        'BW-MEDIA-008',
        `The value of ${name} looks like a secret, and every user of this machine can read command lines.`,
        { fix: 'Put it into a file as NAME=VALUE and give --variables-file, or use: bootwright secret set.' },
      );
    variables[name] = value;
  }
  return variables;
}

/** Certificates in PEM, and nothing else: a private key in that file must not travel. @throws BW-MEDIA-031, BW-HOST-007 */
export async function readAuthority(file: string): Promise<string> {
  const found = (await readText(file)).match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    for (const pem of found) new X509Certificate(pem);
    if (found.length === 0) throw new Error('there is no certificate in it');
    return `${found.join('\n')}\n`;
  } catch (cause) {
    const why = (cause as Error).message;
    throw new BootwrightError('BW-MEDIA-031', `${file} cannot be the authority of the servers: ${why}.`, {
      cause,
      place: { file },
    });
  }
}

/** What a person wrote about the medium; `undefined` when nothing. @throws BW-MEDIA-032 too long */
export function checkAbout(
  given: { readonly [Name in keyof MediumAbout]: string | undefined },
): MediumAbout | undefined {
  const written = Object.entries(given).filter((entry): entry is [string, string] => Boolean(entry[1]?.trim()));
  for (const [name, text] of written) {
    const most = longestAbout[name as keyof MediumAbout];
    if ([...text].length > most || /\p{Cc}/u.test(text))
      throw new BootwrightError('BW-MEDIA-032', `${name}: one line of at most ${most} characters is expected.`);
  }
  return written.length === 0 ? undefined : Object.fromEntries(written);
}

/** The limits of Configuration Manager. */
const longestAbout = { author: 50, version: 32, comment: 127 } as const;

function assignment(text: string, where: string): [string, string] {
  const at = text.indexOf('=');
  // The text itself may be a secret that lacks its name: it is not repeated.
  if (at < 1) throw new BootwrightError('BW-MEDIA-008', `${where} is not of the form NAME=VALUE.`);
  return [text.slice(0, at).trim(), text.slice(at + 1)];
}
