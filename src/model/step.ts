import type { ZodType } from 'zod';
import type { ContentKind } from './content.ts';
import type { Problem } from './error.ts';
import type { Disk, Machine } from './machine.ts';
import type { ContentItem } from './policy.ts';
import type { Environment, XmlProperty } from './sequence.ts';

/** Everything that is to be said about one kind of step; one file per kind in `src/steps`. */
export interface StepType<Settings = unknown> {
  /** Canonical type, the WMI class where one exists. */
  readonly type: string;
  /** Key in YAML: `format-and-partition-disk`. */
  readonly name: string;
  readonly aliases: readonly string[];
  /** Name in the console: `Format and Partition Disk`. */
  readonly title: string;
  readonly summary: string;
  /** The YAML form, closed by default. Numbers and booleans also accept a string that holds `%VAR%`. */
  readonly settings: ZodType<Settings>;
  /**
   * Setting ⇄ task sequence variable. An explicit earlier value of the variable beats the step's setting. Dots reach
   * into objects, `#` stands for the index of a list: `partitions.#.size` ⇄ `OSDPartitions#Size`.
   */
  readonly variables: Readonly<Record<string, string>>;
  /** Top-level settings in which the step replaces `%NAME%` itself, because it has to know where secrets go. */
  readonly unexpanded?: readonly string[];
  /** Read-only variables (`_TSAppInstallStatus`) that are this step's to set. */
  readonly outputs?: readonly string[];
  readonly environments: readonly Environment[];
  /** Erases or overwrites something the user could miss. The agent asks before the first one. */
  readonly destructive: boolean;
  /** Running it again after a power cut in the middle is safe: it begins by putting its target into a known state. */
  readonly repeatable?: boolean;
  /** Reads the XML dialects' properties into the YAML form. */
  fromProperties?(properties: readonly XmlProperty[], action: string): Record<string, unknown>;
  readonly needs?: (settings: Settings) => StepNeeds;
  readonly lint?: (settings: Settings) => readonly Omit<Problem, 'file'>[];
  /** One sentence for plans and screens: `erases the disk and creates EFI 512 MB FAT32, Linux (rest) ext4`. */
  readonly describe: (settings: Settings) => string;
  /** The disk it would erase, as far as that can be told before it runs. */
  target?(settings: Settings, machine: Machine): Promise<Disk | undefined>;
  run(settings: Settings, machine: Machine, context: StepContext): Promise<StepResult>;
}

export interface StepNeeds {
  readonly content?: readonly ContentNeed[];
  /** Variables that name more content when the step runs: `APP01`, `APP02`, … */
  readonly listed?: ListedContent;
  readonly network?: boolean;
  /** Needs a management point: cannot run from stand-alone media (spec/media.md section 10). */
  readonly managementPoint?: boolean;
}

export interface ContentNeed {
  /** As a person wrote it; of applications the name will do. */
  readonly id: string;
  readonly index?: number | string;
  /** The only kinds that will do. */
  readonly kinds?: readonly ContentKind[];
  /** Of a package; empty: its only one. Absent: none is needed, or a variable names it. */
  readonly program?: string;
}

export interface ListedContent {
  readonly kind: 'application' | 'package';
  readonly baseVariable: string;
  /** Of the number behind it: 2 for applications, 3 for packages, as in Configuration Manager. */
  readonly digits: 2 | 3;
}

/** What the engine hands a step beside its settings. */
export interface StepContext {
  /** Reads and writes task sequence variables; read-only names are refused. */
  readonly variables: VariableAccess;
  /** The content's facts and its place on this machine. */
  content(id: string): Promise<ContentItem & { readonly path: string }>;
  progress(fraction: number, text: string): void;
  log(severity: 'info' | 'warning' | 'error', text: string): void;
  readonly signal: AbortSignal;
  /** Marks a value as secret from now on: logs and events mask it. */
  mask(value: string): void;
  /** What the engine knows about the run; steps that install the agent write it to the target. */
  readonly run: RunFacts;
}

export interface RunFacts {
  readonly id: string;
  readonly mediumId: string;
  /** Where this machine keeps the agent's folder and its Node, to be copied into the deployed system. */
  readonly agent: { readonly node: string; readonly program: string };
}

export interface VariableAccess {
  get(name: string): string | undefined;
  set(name: string, value: string, options?: { hidden?: boolean }): void;
  /** Replaces `%NAME%`, repeatedly, unknown names stay as they are. */
  expand(text: string): string;
  /** Whether the text, expanded, would hold a secret: a hidden variable's value or one of the site's secrets. */
  holdsSecret(text: string): boolean;
}

export interface StepResult {
  /** Exit code; 0 is success, others are judged by the step's success codes. */
  readonly code: number;
  /** What was done, or why it failed, in one sentence. */
  readonly message: string;
  /** Last 1,000 characters of a command's output. */
  readonly output?: string;
  readonly restart?: RestartRequest;
}

export interface RestartRequest {
  /** `boot`: the boot environment again; `disk`: the deployed operating system. */
  readonly target: 'boot' | 'disk';
  readonly message?: string;
  readonly delaySeconds?: number;
  /** Run the same step again afterwards (`SMSTSRetryRequested`). */
  readonly retryStep?: boolean;
}
