import type { VariableCondition } from './sequence.ts';

/** What a site says about a package beside its files (`package.yaml`), as it travels in a policy. */
export interface PackageDefinition {
  readonly programs?: readonly Program[] | undefined;
}

/** What a site says about an application (`applications/<ID>.yaml`), as it travels in a policy. */
export interface ApplicationDefinition {
  readonly install: CommandDefinition;
  /** Installed when all of them hold. */
  readonly detection: readonly DetectionRule[];
  /** Installed only where all of them hold. */
  readonly requirements?: readonly Requirement[] | undefined;
  /** IDs of applications that are installed before. */
  readonly dependencies?: readonly string[] | undefined;
}

export interface CommandDefinition {
  /** For the shell of the machine, in the folder of the files. */
  readonly command: string;
  /** Default: system. */
  readonly runAs?: 'system' | 'user' | undefined;
  /** Default: 0, and 3010 which asks for a restart. */
  readonly successCodes?: readonly number[] | undefined;
  /** Default: 120. */
  readonly timeoutMinutes?: number | undefined;
}

export interface Program extends CommandDefinition {
  readonly name: string;
  /** Default: never. */
  readonly restart?: 'never' | 'program' | 'always' | undefined;
}

export type DetectionRule = FileRule | CommandRule | RegistryRule;

export interface FileRule {
  readonly file: string;
  readonly version?: VersionRule | undefined;
}

export interface CommandRule {
  readonly command: string;
  /** Default: 0. */
  readonly exitCode?: number | undefined;
}

export interface RegistryRule {
  readonly registry: string;
  readonly value?: string | undefined;
  readonly version?: VersionRule | undefined;
}

export interface VersionRule {
  readonly operator: 'equals' | 'notEquals' | 'less' | 'lessEqual' | 'greater' | 'greaterEqual';
  /** `1.2`, `10.0.22631.1` */
  readonly value: string;
}

export type Requirement =
  | { readonly architecture: readonly ('x86' | 'x64' | 'arm64')[] }
  | { readonly operatingSystem: readonly string[] }
  /** `512 MB`, `4 GB` */
  | { readonly memory: string }
  | { readonly freeSpace: string }
  | (Pick<VariableCondition, 'variable' | 'operator'> & { readonly value?: string | number | boolean | undefined });

/** Below zero when the first version is older, 0 when they are the same: `23.01` is `23.1`, `2` is `2.0`. */
export function compareVersions(one: string, other: string): number {
  const [left, right] = [one, other].map((text) => text.split('.').map(BigInt)) as [bigint[], bigint[]];
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const [a = 0n, b = 0n] = [left[index], right[index]];
    if (a !== b) return a < b ? -1 : 1;
  }
  return 0;
}

export function versionHolds(found: string, { operator, value }: VersionRule): boolean {
  const order = compareVersions(found, value);
  const holds = {
    equals: order === 0,
    notEquals: order !== 0,
    less: order < 0,
    lessEqual: order <= 0,
    greater: order > 0,
    greaterEqual: order >= 0,
  };
  return holds[operator];
}
