import type { Place } from './error.ts';

/**
 * A task sequence as read from any dialect (spec/engine.md section 1). Order is execution order. Nothing here is
 * checked against step types yet: that is the site's work, which knows both.
 */
export interface TaskSequence {
  /** Package ID in Configuration Manager (`ABC00012`), file name without extension in a site. */
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly dialect: 'yaml' | 'configmgr' | 'mdt';
  /** The `version` attribute of XML dialects, written back as read. */
  readonly version?: string;
  /** Boot image the sequence asks for. */
  readonly bootImage?: string;
  /** `globalVarList` and YAML `variables`: set for the whole run. */
  readonly variables: readonly SequenceVariable[];
  readonly references: readonly ContentReference[];
  readonly items: readonly SequenceItem[];
  readonly place?: Place;
  /** Attributes and elements no reader understood, kept to be written back. */
  readonly preserved?: Preserved;
}

export interface SequenceVariable {
  readonly name: string;
  readonly value: string | SecretReference;
  readonly hidden?: boolean;
  readonly property?: string;
}

/** `!secret join-password` in YAML. The value lives outside authored files. */
export interface SecretReference {
  readonly $secret: string;
}

export interface ContentReference {
  readonly kind: 'package' | 'application';
  readonly id: string;
  readonly program?: string;
}

export type SequenceItem = Group | Step;

interface ItemBase {
  readonly name: string;
  readonly description: string;
  readonly disabled: boolean;
  readonly continueOnError: boolean;
  readonly condition?: Condition;
  readonly place?: Place;
  readonly preserved?: Preserved;
}

export interface Group extends ItemBase {
  readonly kind: 'group';
  readonly items: readonly SequenceItem[];
}

export interface Step extends ItemBase {
  readonly kind: 'step';
  /** Canonical type, the WMI class where one exists: `SMS_TaskSequence_PartitionDiskAction`. */
  readonly type: string;
  /** Settings as authored, keyed by the step type's own names. Values may hold `%VAR%` and secret references. */
  readonly settings: Readonly<Record<string, SettingValue>>;
  readonly environments: readonly Environment[];
  readonly successCodes: readonly number[];
  /** Retries after an unexpected restart, not after a plain failure (spec/steps.md section 0). */
  readonly retryCount: number;
  /** Seconds; 0 means no limit. */
  readonly timeoutSeconds: number;
  /** XML dialects: settings as written, order and hidden flags included. */
  readonly properties?: readonly XmlProperty[];
  readonly action?: string;
}

export interface XmlProperty {
  readonly variable: string;
  readonly property: string;
  readonly value: string;
  readonly hidden: boolean;
}

export type SettingValue =
  | string
  | number
  | boolean
  | null
  | SecretReference
  | readonly SettingValue[]
  | { readonly [key: string]: SettingValue };

/** `boot` is the boot environment (WinPE in Configuration Manager's words), `deployed` the full operating system. */
export type Environment = 'boot' | 'deployed';

export interface Preserved {
  readonly attributes?: Readonly<Record<string, string>>;
  /** Raw XML of unknown children, in order. */
  readonly elements?: readonly string[];
}

/** spec/conditions.md. A condition that is absent or has no operands is true. */
export type Condition =
  | { readonly kind: 'all' | 'any' | 'none'; readonly operands: readonly Condition[] }
  | VariableCondition
  | { readonly kind: 'unsupported'; readonly type: string; readonly raw: string };

export interface VariableCondition {
  readonly kind: 'variable';
  readonly variable: string;
  readonly operator: VariableOperator;
  readonly value?: string;
}

export type VariableOperator =
  | 'exists'
  | 'notExists'
  | 'equals'
  | 'notEquals'
  | 'less'
  | 'lessEqual'
  | 'greater'
  | 'greaterEqual'
  | 'like'
  | 'notLike';

export function isSecretReference(value: unknown): value is SecretReference {
  return typeof value === 'object' && value !== null && '$secret' in value && typeof value.$secret === 'string';
}
