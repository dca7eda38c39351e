import type { Place } from './error.ts';
import type { SequenceVariable } from './sequence.ts';

/** Who may run what (spec/deploy.md sections 1 to 5). Names and IDs ignore case everywhere. */

export const architectures = ['x86', 'x64', 'arm64'] as const;

/** Of the processor, not of what is to be installed. */
export type Architecture = (typeof architectures)[number];

export const allSystems = 'All Systems';
export const allUnknownComputers = 'All Unknown Computers';

/** The objects that stand for all machines nobody has entered, one per kind of processor. */
export const unknownComputers: Readonly<Record<Architecture, string>> = {
  x86: 'x86 Unknown Computer',
  x64: 'x64 Unknown Computer',
  arm64: 'arm64 Unknown Computer',
};

/** `devices/<NAME>.yaml`. MAC addresses are `AA:BB:CC:DD:EE:FF`, GUIDs upper case with dashes. */
export interface Device {
  readonly name: string;
  readonly description: string;
  readonly macs: readonly string[];
  readonly guid?: string;
  readonly architecture?: Architecture;
  readonly manufacturer?: string;
  readonly model?: string;
  readonly address?: string;
  readonly variables: readonly SequenceVariable[];
  readonly place: Place;
}

/** All that is given has to fit; text may hold `*` and `?`, case does not count. */
export interface CollectionRule {
  readonly mac?: string;
  /** The first three bytes of a MAC address: `AA:BB:CC`. */
  readonly oui?: string;
  readonly guid?: string;
  readonly manufacturer?: string;
  readonly model?: string;
  /** CIDR notation, IPv4 or IPv6. */
  readonly subnet?: string;
  readonly architecture?: Architecture;
}

export const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const;

export type Weekday = (typeof weekdays)[number];

/** When required deployments may begin on running systems, by the machine's own clock and time zone. */
export interface MaintenanceWindow {
  /** On which it begins; none: every day. */
  readonly days: readonly Weekday[];
  /** `22:00` */
  readonly start: string;
  readonly minutes: number;
}

/** `collections/<NAME>.yaml`. */
export interface Collection {
  readonly name: string;
  readonly description: string;
  /** Devices and unknown computer objects. */
  readonly members: readonly string[];
  /** A machine that fits one of them is a member. */
  readonly rules: readonly CollectionRule[];
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly variables: readonly SequenceVariable[];
  /** 1 to 9: of two collections with the same variable, the higher number wins. */
  readonly priority: number;
  /** A machine has those of all its collections; one that has none may be worked on at any time. */
  readonly maintenanceWindows?: readonly MaintenanceWindow[];
  readonly place: Place;
}

export const availabilities = ['clients', 'clientsMediaAndPxe', 'mediaAndPxe', 'mediaAndPxeHidden'] as const;

export type Availability = (typeof availabilities)[number];

export const rerunBehaviours = ['always', 'never', 'ifFailed', 'ifSucceeded'] as const;

export type RerunBehaviour = (typeof rerunBehaviours)[number];

/** Narrows a deployment; every list that is not empty has to fit. */
export interface DeploymentScope {
  readonly subnets: readonly string[];
  readonly ouis: readonly string[];
  /** Network interfaces of the server that the machine asked on. */
  readonly interfaces: readonly string[];
  /** How many unknown machines may get it at most. */
  readonly machines?: number;
}

/** ISO 8601 UTC. Looked at by a running system only: the boot environment starts with whatever clock it has. */
export interface DeploymentSchedule {
  readonly available?: string;
  readonly expires?: string;
  /** When a required deployment is due: times, or an event. */
  readonly assignments: readonly string[];
}

/** `deployments/<ID>.yaml`. */
export interface Deployment {
  readonly id: string;
  readonly sequence: string;
  readonly collection: string;
  readonly purpose: 'available' | 'required';
  readonly availableTo: Availability;
  readonly disabled: boolean;
  readonly comment: string;
  readonly scope: DeploymentScope;
  readonly schedule: DeploymentSchedule;
  readonly rerun: RerunBehaviour;
  readonly wake: boolean;
  /** A known machine whose TPM was enrolled at an earlier release gets its policy without a person. */
  readonly tpmRelease: boolean;
  readonly userExperience: {
    readonly showProgress: boolean;
    readonly installOutsideWindow: boolean;
    readonly restartOutsideWindow: boolean;
    /** Of a required one: the person in front of the machine may say no while it counts down. */
    readonly allowRefusal: boolean;
  };
  readonly content: { readonly download: 'whenNeeded' | 'allFirst' | 'direct' };
  readonly place: Place;
}

/** `deployments:` in `site.yaml`. */
export interface DeploymentSettings {
  readonly unknownComputers: 'ask' | 'allow' | 'refuse';
  /** Seconds an unknown machine waits for approval before it starts its disk. */
  readonly waitSeconds: number;
  /** Machines with one of these MAC addresses are never answered. */
  readonly exclude: readonly string[];
  /** No keys to a device: shared network adapters, boards with a GUID that others have too. */
  readonly duplicateIdentifiers: { readonly macs: readonly string[]; readonly guids: readonly string[] };
  /** Members of a collection that a required deployment of an operating system is warned of, or refused for; 0: off. */
  readonly sizeLimits: { readonly warn: number; readonly maximum: number };
  /** Boot images that machines are not to be deployed from any more; they take the site's own instead. */
  readonly bootImages: { readonly notBefore?: string | undefined; readonly revoked: readonly string[] };
}

/** What the decision has to know of a sequence. */
export interface DeployableSequence {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly bootImage: string;
  /** A step erases or overwrites something. */
  readonly erases: boolean;
}

/** Everything of a site that a decision is made from. */
export interface CatalogueSource {
  readonly devices: readonly Device[];
  readonly collections: readonly Collection[];
  readonly deployments: readonly Deployment[];
  readonly settings: DeploymentSettings;
  readonly sequences: readonly DeployableSequence[];
  /** Of the boot images that are built. */
  readonly bootImages: ReadonlyMap<string, Architecture>;
}

/** What a machine says of itself when it asks. */
export interface MachineIdentity {
  readonly macs: readonly string[];
  readonly guid?: string;
  readonly architecture: Architecture;
  readonly firmware: 'bios' | 'uefi';
  readonly manufacturer?: string;
  readonly model?: string;
  /** IPv4 or IPv6; over DHCP before there is one, that of the relay or of the interface. */
  readonly address?: string;
  /** Of the server. */
  readonly interface?: string;
}

/** Where a machine came from when it asks. */
export type Origin = 'media' | 'pxe' | 'client';

/** What happened before, as far as it counts for the next decision. Kept by the server, one per machine. */
export interface DeploymentMemory {
  /** ISO 8601 UTC. */
  readonly now: string;
  /** The required deployment that was served last, and the name the machine had then. */
  readonly lastRequired?: { readonly deployment: string; readonly machine: string };
  /** How deployments ended on this machine, by ID. */
  readonly results: ReadonlyMap<string, 'succeeded' | 'failed'>;
  /** How many other unknown machines a deployment was served to, by ID. */
  readonly served: ReadonlyMap<string, number>;
  /** Sequences that devices are to be reinstalled with at their next start, by name of the device in lower case. */
  readonly reinstalls?: ReadonlyMap<string, string>;
  /** When deployments were last given to this machine, by ID (ISO 8601 UTC). */
  readonly begun?: ReadonlyMap<string, string>;
  /** Deployments that were given to it in this very session: they go on, whatever dates say meanwhile. */
  readonly inProgress?: ReadonlySet<string>;
}

/** One rule that was looked at, in order. */
export interface DecisionRule {
  readonly rule: DecisionRuleId;
  readonly outcome: 'applies' | 'passes' | 'refuses';
  readonly text: string;
}

export type DecisionRuleId =
  | 'exclusion-list'
  | 'duplicate-identifiers'
  | 'lookup-guid'
  | 'lookup-mac'
  | 'lookup-conflict'
  | 'known'
  | 'unknown-support'
  | 'collections'
  | 'reinstall'
  | 'deployment'
  | 'boot-image'
  | 'required'
  | 'served-once';

export interface DeploymentOffer {
  readonly deployment: string;
  readonly sequence: string;
  readonly name: string;
  readonly description: string;
  readonly purpose: 'available' | 'required';
  /** Runs only when named by `SMSTSPreferredAdvertID`. */
  readonly hidden: boolean;
  /** ISO 8601 UTC: a required one whose content is missing waits until then; without one it waits. */
  readonly deadline?: string;
  /** `false`: when it starts by itself, nobody can stop it any more. */
  readonly refusable?: false;
  readonly bootImage: string;
  /** For running systems, which decide themselves when to begin. */
  readonly client?: ClientTerms;
}

/** When a deployment begins on a running system. */
export interface ClientTerms {
  /** Times a required one is due at; `asSoonAsPossible`, or none: now. */
  readonly assignments: readonly string[];
  /** Begins whatever the maintenance windows are. */
  readonly outsideWindow: boolean;
}

export interface Decision {
  /** `ignored`: not to be answered at all. */
  readonly state: 'known' | 'unknown' | 'ignored';
  /** Of the device, or of the unknown computer object; empty when ignored. */
  readonly name: string;
  /** What has to happen before the machine gets a policy, as far as these rules know. */
  readonly release: 'none' | 'approval' | 'refused';
  /** Why there is nothing, when `release` is `refused`. */
  readonly reason?: string;
  readonly waitSeconds: number;
  /** The collections the machine is a member of, sorted. */
  readonly collections: readonly string[];
  /** In order of deployment IDs, highest first. */
  readonly offers: readonly DeploymentOffer[];
  /** The offer that starts by itself. */
  readonly start?: string;
  /** The offer that starts because an operator wants the device reinstalled, and the required deployment it stands in for. */
  readonly reinstall?: { readonly deployment: string; readonly insteadOf?: string };
  /** What the machine is to be started with, over the network. */
  readonly bootImage?: string;
  /** Collection variables by priority, then those of the device. */
  readonly variables: readonly SequenceVariable[];
  /** Of its collections; for running systems. */
  readonly maintenanceWindows: readonly MaintenanceWindow[];
  readonly rules: readonly DecisionRule[];
}
