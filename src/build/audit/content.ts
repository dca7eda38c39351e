import type { AuditFinding } from '../../model/audit.ts';
import type { MediumReader } from '../medium/files.ts';

/** What is worth a look; images have their own contents, and larger files are no scripts. */
const largestText = 256 * 1024;
const mostBytes = 64 * 1024 * 1024;

const patterns: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['a private key', /-----BEGIN [A-Z ]*PRIVATE KEY-----|AGE-SECRET-KEY-1[02-9A-Z]{20}/],
  ['a password in an answer file', /<(?:Administrator)?Password>\s*<Value>[^<]+<\/Value>/i],
  ['a password in a command', /\bnet\s+(?:use|user)\b[^\r\n]*\s\/user:\S+\s+\S+|ConvertTo-SecureString\s+['"][^'"]+/i],
  ['a password in a setting', /\b(?:password|passwd|passwort|secret|api[_-]?key)["']?\s*[:=]\s*["']?[^\s"'%$<{(]{4,}/i],
];

/** Files of packages in which everybody who holds the medium would find a secret. Names what and where, never the value. */
export async function secretsInContent(medium: MediumReader): Promise<AuditFinding[]> {
  const findings: AuditFinding[] = [];
  let read = 0;
  for (const file of medium.files) {
    if (!/^bootwright\/content\/(?!.*\.(age|wim)$)/.test(file.path) || file.size > largestText) continue;
    read += file.size;
    if (read > mostBytes) break;
    const bytes = Buffer.from(await medium.bytes(file));
    const text = bytes.subarray(0, 2).equals(Buffer.from([0xff, 0xfe])) ? bytes.toString('utf16le') : bytes.toString();
    const [what] = patterns.find(([, pattern]) => pattern.test(text)) ?? [];
    if (what !== undefined)
      findings.push({
        ...{
          severity: 'serious',
          subject: file.path,
          message: `looks as if it held ${what}; everybody who holds the medium reads it`,
        },
        fix: 'Keep it with bootwright secret set and refer to it by name, or make the medium with --encrypt-content.',
      });
  }
  return findings;
}
