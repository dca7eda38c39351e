import { readText } from '../host/files.ts';
import { BootwrightError } from '../model/error.ts';
import { namesSecret } from '../site/passwords.ts';

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
    if (namesSecret(name))
      throw new BootwrightError(
        'BW-MEDIA-008',
        `The value of ${name} looks like a secret, and every user of this machine can read command lines.`,
        { fix: 'Put it into a file as NAME=VALUE and give --variables-file, or use: bootwright secret set.' },
      );
    variables[name] = value;
  }
  return variables;
}

function assignment(text: string, where: string): [string, string] {
  const at = text.indexOf('=');
  // The text itself may be a secret that lacks its name: it is not repeated.
  if (at < 1) throw new BootwrightError('BW-MEDIA-008', `${where} is not of the form NAME=VALUE.`);
  return [text.slice(0, at).trim(), text.slice(at + 1)];
}
