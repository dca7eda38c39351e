import type * as z from 'zod';
import type { WimFacts } from '../content/wim.ts';
import type { VerifyInterval } from '../model/content.ts';
import type { Architecture, Collection, Deployment, DeploymentSettings, Device } from '../model/deployment.ts';
import { BootwrightError, type Place, type Problem } from '../model/error.ts';
import type { Step, TaskSequence } from '../model/sequence.ts';
import type { StepType } from '../model/step.ts';
import { didYouMean } from '../sequence/did-you-mean.ts';
import type { PasswordPolicy } from '../trust/password-policy.ts';
import type { applicationSchema, packageSchema } from './content-schemas.ts';
import type { retentionSchema } from './schema.ts';

/** A site as loaded: everything a person wrote, and everything that is wrong with it. */
export interface Site {
  /** Absolute. */
  readonly folder: string;
  readonly name: string;
  readonly organisation: string;
  /** Layout of the password prompt, `us`, `de`, … */
  readonly keyboard: string;
  readonly defaults: SiteDefaults;
  readonly passwords: PasswordPolicy;
  /** By ID as the file is named. IDs ignore case: look them up with `findById`. */
  readonly sequences: ReadonlyMap<string, SiteSequence>;
  readonly images: ReadonlyMap<string, SiteImage>;
  readonly packages: ReadonlyMap<string, SitePackage>;
  readonly applications: ReadonlyMap<string, SiteApplication>;
  /** ID, which is the file's name, → the file, absolute. */
  readonly scripts: ReadonlyMap<string, string>;
  readonly content: SiteContentSettings;
  /** Folders below `boot-images/` that hold a built boot image. */
  readonly bootImages: readonly string[];
  /** Of the boot images whose description can be read, by name. */
  readonly bootImageArchitectures: ReadonlyMap<string, Architecture>;
  /** By name, as the files are named. */
  readonly devices: ReadonlyMap<string, Device>;
  readonly collections: ReadonlyMap<string, Collection>;
  readonly deployments: ReadonlyMap<string, Deployment>;
  readonly deploymentSettings: DeploymentSettings;
  readonly retention: SiteRetention;
  /** Why media were revoked, by id in lower case. */
  readonly revokedMedia: ReadonlyMap<string, string>;
  /** Files below `keys/`. */
  readonly publicKeys: readonly string[];
  /** Names of stored secrets. */
  readonly secrets: readonly string[];
  /** Sorted by file, line and column; files relative to the site's folder. */
  readonly problems: readonly Problem[];
}

/** Days after which a server forgets; 0: never. */
export type SiteRetention = z.infer<typeof retentionSchema>;

export interface SiteContentSettings {
  /** The content library, absolute. */
  readonly library: string;
  /** Versions of each ID that stay without being pinned. */
  readonly keep: number;
  /** Web servers that hold content by its hash: base URLs. */
  readonly servers: readonly string[];
  /** How often a server reads the whole library and compares it with its hashes. */
  readonly verify: VerifyInterval;
}

export interface SiteDefaults {
  readonly bootImage: string;
  /** Volume label of media. */
  readonly label?: string;
}

export interface SiteSequence {
  readonly id: string;
  /** Relative to the site's folder. */
  readonly file: string;
  /** Canonical step types, settings in YAML form. Absent when the file cannot be read at all. */
  readonly sequence?: TaskSequence;
  /** All steps in order, disabled ones too. */
  readonly steps: readonly ResolvedStep[];
  readonly problems: readonly Problem[];
}

/** A step beside what its type says about it. */
export interface ResolvedStep {
  readonly step: Step;
  /** The step as read, which the reader knows places of. */
  readonly source: Step;
  /** Absent: no such step type, the step cannot run. */
  readonly type?: StepType;
  /** Settings as the type's schema gives them; absent when they are wrong. */
  readonly settings?: unknown;
  /** Neither the step nor a group around it is disabled. */
  readonly active: boolean;
}

export interface SiteImage {
  readonly id: string;
  /** Where the site says so: `images/debian.wim` or `images/debian.yaml`. */
  readonly source: string;
  /** The WIM itself, absolute. */
  readonly file: string;
  /** Absent when the WIM cannot be read; then `problem` says why. */
  readonly facts?: WimFacts;
  readonly confidential: boolean;
  readonly problem?: Problem;
}

export interface SitePackage {
  readonly id: string;
  /** Absolute. */
  readonly folder: string;
  /** What in it cannot go on a medium. */
  readonly problems: readonly Problem[];
  /** Of `package.yaml`, when there is one. */
  readonly definition?: PackageDefinition;
}

export type PackageDefinition = z.infer<typeof packageSchema>;

export type Application = z.infer<typeof applicationSchema>;

export interface SiteApplication {
  readonly id: string;
  /** Relative to the site's folder. */
  readonly file: string;
  /** Absolute; absent when the application brings no files along. */
  readonly folder?: string;
  /** Absent when something is wrong with the file. */
  readonly definition?: Application;
  readonly dependencies: readonly { readonly id: string; readonly place: Place }[];
}

/** Looks up an ID without regard to case. */
export function findById<T>(map: ReadonlyMap<string, T>, id: string): T | undefined {
  const wanted = id.toLowerCase();
  return map.get(id) ?? [...map].find(([known]) => known.toLowerCase() === wanted)?.[1];
}

/** The sequence with that ID. @throws BW-SITE-004 */
export function findSequence(site: Site, id: string): SiteSequence {
  const found = findById(site.sequences, id);
  if (found !== undefined) return found;
  const known = [...site.sequences.keys()].sort();
  throw new BootwrightError('BW-SITE-004', `The site has no task sequence "${id}".`, {
    fix: didYouMean(id, known, known.length === 0 ? 'Write sequences/ID.yaml.' : `Known: ${known.join(', ')}.`),
    place: { file: site.folder },
  });
}

/** The boot image a sequence starts from. Imported ones name a package of another site, which is only followed if it is here. */
export function bootImageOf(site: Pick<Site, 'bootImages' | 'defaults'>, sequence: TaskSequence | undefined): string {
  const wanted = sequence?.bootImage;
  const isOurs = sequence?.dialect === 'yaml' || (wanted !== undefined && site.bootImages.includes(wanted));
  return wanted !== undefined && isOurs ? wanted : site.defaults.bootImage;
}

/** File, then line, then column: the order in which people read. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  return problems.toSorted(
    (a, b) =>
      (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) ||
      (a.line ?? 0) - (b.line ?? 0) ||
      (a.column ?? 0) - (b.column ?? 0),
  );
}
