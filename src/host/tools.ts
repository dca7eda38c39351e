import tools from './tools.json' with { type: 'json' };

/** A program we start on the engineer's machine, or a file of a package that we read. */
export interface HostTool {
  /** Looked up in PATH and the system folders. */
  readonly program?: string;
  /** Absolute path. */
  readonly file?: string;
  /** Debian package. */
  readonly package: string;
  /** Argument that prints a version. */
  readonly version?: string;
  readonly neededFor: string;
}

/** Everything we need from the machine: `bin/set-up` reads the same file, `bootwright doctor` prints it. */
export const hostTools: readonly HostTool[] = tools;

/** The Debian package a program of the table comes from. */
export function packageOf(program: string): string | undefined {
  return hostTools.find((tool) => tool.program === program)?.package;
}
