const signs: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['a private key', /-----BEGIN [A-Z ]*PRIVATE KEY-----|AGE-SECRET-KEY-1/i],
  ['a password in a URL', /:\/\/[^\s/:@]+:[^\s/:@$%][^\s/@]*@/],
  ['credentials of HTTP', /\bauthorization:\s*(?:basic|bearer)\s+[^\s$%"']/i],
  ['a password for "net use"', /\bnet\s+use\b.*\/user:/i],
  [
    'a password, token or secret',
    /(?:\b|_|--?)(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[-_]?key)["']?(?:\s*[=:]\s*|\s+(?<=-pass(?:word|wd)?\s+|-token\s+|-secret\s+))["']?[^\s"'$%]/i,
  ],
];

/**
 * What looks like a secret in a text that everybody on the boot network may fetch; values that are only named (`$TOKEN`,
 * `%Password%`) are none. A person can hide one from this; it is for those who did not think of it.
 */
export function secretIn(text: string): string | undefined {
  return signs.find(([, pattern]) => pattern.test(text))?.[0];
}
