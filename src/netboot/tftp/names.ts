/** A rule that turns requested names into others, as `in.tftpd -m` has them. */
export interface RemapRule {
  readonly pattern: RegExp;
  /** As for `String.replace`: `$1` and so on. */
  readonly replacement: string;
}

export type CleanName =
  | { readonly path: string }
  /** It points out of the root, or holds characters no file name has. */
  | { readonly refused: 'outside' | 'characters' };

/**
 * The path below the root that a client means: `\Boot\BCD`, `//boot/bcd`, `C:\boot\bcd` and `tftp://host/boot/bcd` are all
 * `boot/bcd`. Case is kept.
 *
 * @param name as on the wire, one character per byte
 */
export function cleanName(name: string): CleanName {
  // Old Intel and 3Com ROMs append 0xFF to a name that came without its NUL.
  const trimmed = name.replace(/[\x00-\x20\xff]+$/, '');
  const url = /^tftp:\/\/[^/\\]*(?<path>.*)$/i.exec(trimmed);
  const bytes = Buffer.from(
    url === null ? trimmed.replace(/^[a-z]:/i, '') : percentDecoded(url.groups!['path']!),
    'latin1',
  );
  const text = utf8(bytes);
  if (/[\x00-\x1f\x7f]/.test(text)) return { refused: 'characters' };
  const parts: string[] = [];
  for (const part of text.replaceAll('\\', '/').split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return { refused: 'outside' };
  }
  return { path: parts.join('/') };
}

/** All rules, one after the other. */
export function remap(path: string, rules: readonly RemapRule[]): string {
  return rules.reduce((name, { pattern, replacement }) => name.replace(pattern, replacement), path);
}

const percentDecoded = (text: string): string =>
  text.replace(/%([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));

function utf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return bytes.toString('latin1');
  }
}
