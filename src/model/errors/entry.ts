/** One catalogue entry. `fix` is what a person should do; `exit` a key of the exit-code table. */
export interface ErrorEntry {
  readonly title: string;
  readonly fix: string;
  readonly exit: ExitName;
}

/** Exit codes of the `bootwright` command, in one table. 130 is what shells expect after Ctrl-C. */
export const exitCodes = {
  /** An error of ours or of the machine we run on. */
  failure: 1,
  /** The command line or an authored file is wrong; nothing was written. */
  input: 2,
  /** A host tool, key, boot image or content is missing. */
  missing: 3,
  /** Refused for safety: existing output, wrong disk, secrets without a password. */
  refused: 4,
  /** Something is not what its signature, hash or proof says. */
  untrusted: 5,
  /** Interrupted by the user. */
  interrupted: 130,
} as const;

export type ExitName = keyof typeof exitCodes;
