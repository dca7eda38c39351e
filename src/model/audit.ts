/** What protects a medium, and what does not, in words for whoever answers for it. Never holds a secret. */
export interface Audit {
  readonly file: string;
  readonly maker: 'bootwright' | 'configmgr';
  /** `unprotected`, or the level of protection. */
  readonly level: string;
  /** What is inside the sealed part was looked at too. */
  readonly opened: boolean;
  /** Who can read what. */
  readonly readers: readonly { readonly who: string; readonly reads: readonly string[] }[];
  readonly guessing?: Guessing;
  readonly findings: readonly AuditFinding[];
}

/** What it takes to find the password by trying. */
export interface Guessing {
  /** Measured on this machine, with one processor core. */
  readonly guessesPerSecond: number;
  /** Estimated, at most; known only when the password was given. */
  readonly passwordBits?: number;
}

export interface AuditFinding {
  /** `serious`: do not hand it out like this. `warning`: know it and decide. `note`: as it should be, or inevitable. */
  readonly severity: 'serious' | 'warning' | 'note';
  readonly subject: string;
  readonly message: string;
  readonly fix?: string;
}

/** The heaviest first. */
export function sortFindings(findings: readonly AuditFinding[]): AuditFinding[] {
  const order = ['serious', 'warning', 'note'];
  return findings.toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
}

/** How long trying takes on average with so many guesses a second, as people say it. */
export function guessingTime(bits: number, guessesPerSecond: number): string {
  const seconds = 2 ** (bits - 1) / guessesPerSecond;
  const units: readonly (readonly [number, string])[] = [
    [31_557_600e6, 'million years'],
    [31_557_600, 'years'],
    [86_400, 'days'],
    [3600, 'hours'],
    [60, 'minutes'],
  ];
  const [size, name] = units.find(([length]) => seconds >= 2 * length) ?? [1, 'seconds'];
  const count = seconds / size;
  return count >= 1000 && size > 31_557_600 ? 'longer than anybody waits' : `${Math.max(1, Math.round(count))} ${name}`;
}
