import type { DeploymentOffer, MaintenanceWindow, Origin } from './deployment.ts';
import type { ErrorCode } from './errors/index.ts';
import type { Disk, MachineFacts } from './machine.ts';

/** What agent and management point say to each other; `docs/formats/policy.md` is the description. */

export const protocolVersion = 1;

export interface Envelope {
  readonly format: 'bootwright-envelope/1';
  /** Base64 of the signed JSON. */
  readonly payload: string;
  /** Base64, Ed25519. */
  readonly signature: string;
}

/** Fields of everything signed. Times are ISO 8601 UTC. */
export interface SignedReply {
  /** Base64 of the 16 bytes the request carried. */
  readonly nonce: string;
  readonly issuedAt: string;
  readonly expiresAt: string;
  /** The site's policy serial, only ever growing. */
  readonly serial: number;
}

export interface Hello {
  readonly format: 'bootwright-hello/1';
  readonly site: string;
  readonly organisation: string;
  readonly time: string;
  readonly lowest: number;
  readonly highest: number;
  /** Some boot images are not to be used any more: look at the signed `BootImageOffer` before anything else. */
  readonly checkBootImage?: boolean;
}

/**
 * Which boot images may be used, and the one to use instead. This and `Hello` stay as they are in every version of the
 * protocol: the oldest agent has to find its way to a newer one.
 */
export interface BootImageOffer extends SignedReply {
  readonly format: 'bootwright-boot-image-offer/1';
  /** Images built before are not to be used any more. */
  readonly notBefore?: string;
  /** Ids of images that are not to be used any more. */
  readonly revoked: readonly string[];
  readonly image?: NewerBootImage;
}

/** What machines with an older one may go on in; anybody gets its files by `GET /v1/boot-image/<sha256>`. */
export type NewerBootImage = OfferedBootImage & Required<Pick<OfferedBootImage, 'built' | 'protocol'>>;

export interface RegistrationRequest {
  readonly protocol: number;
  /** Base64, 16 random bytes. */
  readonly nonce: string;
  /** Base64, raw X25519 public key. */
  readonly sessionKey: string;
  readonly agentVersion: string;
  readonly origin: Origin;
  /** Medium the agent was started from, if any. */
  readonly mediumId?: string;
  readonly unattended: boolean;
  /** `false`: the medium is for machines the site knows. */
  readonly unknownComputers?: boolean;
  readonly machine: MachineRecord;
}

/** Everything the agent can say about the machine it runs on. */
export interface MachineRecord {
  readonly facts: MachineFacts;
  readonly disks: readonly Disk[];
  readonly adapters: readonly NetworkAdapter[];
  /** `8086:15f3` vendor and device, lower case, sorted. */
  readonly pciDevices: readonly string[];
  readonly usbDevices: readonly string[];
  /** Keys a maker's driver packs are matched by: `Dell:0A2B`, `LENOVO:21CB`. */
  readonly modelKeys: readonly string[];
}

/** What `bootwright machine record` writes. */
export interface MachineRecordFile extends MachineRecord {
  readonly format: 'bootwright-machine-record/1';
  /** ISO 8601 UTC, by the machine's clock. */
  readonly recordedAt: string;
}

export interface NetworkAdapter {
  readonly name: string;
  /** Upper case, colons. */
  readonly mac: string;
  readonly driver: string;
  /** CIDR notation. */
  readonly addresses: readonly string[];
  readonly link: boolean;
}

export type Release = 'none' | 'password' | 'approval' | 'refused';

/** One sequence the machine may run. */
export type Offer = Omit<DeploymentOffer, 'bootImage'>;

export interface Registration extends SignedReply {
  readonly format: 'bootwright-registration/1';
  /** Bearer of everything that follows; 32 hex digits. */
  readonly session: string;
  readonly machine: {
    readonly state: 'known' | 'unknown' | 'ignored';
    /** Of the device record, or of the unknown computer object. */
    readonly name: string;
  };
  readonly offers: readonly Offer[];
  readonly release: Release;
  /** Why there is nothing, when `release` is `refused`. */
  readonly reason?: string;
  /** Seconds after which the disk is started when nobody approves. */
  readonly waitSeconds: number;
  /** Only to running systems. */
  readonly maintenanceWindows?: readonly MaintenanceWindow[];
  /** What the machine's TPM can release instead of a person; absent when it is not enrolled or opens nothing more. */
  readonly tpm?: TpmChallenge;
}

export interface TpmChallenge {
  /** Base64: the enrolment key as the TPM sealed it. Only that TPM opens it. */
  readonly sealed: string;
  /** Base64, 32 random bytes, good for one proof. */
  readonly challenge: string;
  /** The deployments that need nothing else after the proof. */
  readonly deployments: readonly string[];
}

/** Says that the machine's TPM opened its enrolment key. */
export interface TpmProof {
  /**
   * Base64, Ed25519 by the enrolment key over `bootwright-tpm/1` ‖ 0x00 ‖ session public key ‖ nonce of the registration ‖
   * challenge.
   */
  readonly proof: string;
}

/** A key that the machine's TPM keeps from now on, to release later policies without a person. */
export interface Enrolment {
  /** Base64, raw Ed25519 public key. */
  readonly publicKey: string;
  /** Base64, at most 1 KiB. */
  readonly sealed: string;
  /** Base64, Ed25519 by that key over `bootwright-enrolment/1` ‖ 0x00 ‖ session public key ‖ public key. */
  readonly proof: string;
}

export interface SessionState {
  readonly state: 'waiting' | 'approved' | 'refused' | 'ended';
  readonly reason?: string;
  /**
   * Once approved: envelope of the `Registration` again, for the same nonce, now with everything that is offered.
   * Before, an unknown machine is not told what there is.
   */
  readonly registration?: Envelope;
}

/** OPAQUE messages as the library encodes them (base64url). */
export interface PasswordStart {
  /** Each deployment has its own password. */
  readonly deployment: string;
  readonly startLoginRequest: string;
}

export interface PasswordChallenge {
  readonly loginResponse: string;
}

export interface PolicyRequest {
  readonly deployment: string;
  /** Base64, 16 random bytes, another one than the registration's. */
  readonly nonce: string;
  /** Third OPAQUE message, where the release is `password`. */
  readonly finishLoginRequest?: string;
  /**
   * With it: base64 of HMAC-SHA-256, keyed by OPAQUE's session key, over `bootwright-password/1` ‖ 0x00 ‖ session public
   * key ‖ nonce. Says that who typed the password is who reads the policy.
   */
  readonly passwordProof?: string;
}

export interface PolicyGrant extends SignedReply {
  readonly format: 'bootwright-policy-grant/1';
  readonly deployment: string;
  /** SHA-256 (hex) of the policy's JSON. */
  readonly policySha256: string;
  /** Base64 of an age file for the session key. */
  readonly policy: string;
  /** Opens content for this machine until `contentExpiresAt`. */
  readonly contentToken: string;
  readonly contentExpiresAt: string;
  /** Only to running systems: what the sequence's boot image is, should it have to run there. */
  readonly bootImage?: OfferedBootImage;
  /** The machine may enrol its TPM in this session. */
  readonly enrol?: boolean;
}

/** The three files a machine is started with; they hold no secret. */
export interface OfferedBootImage {
  readonly id: string;
  readonly name: string;
  readonly architecture: 'x64' | 'arm64';
  readonly kernelVersion: string;
  readonly secureBoot: boolean;
  /** ISO 8601 UTC; absent in images of before that was noted. */
  readonly built?: string;
  /** The version of the protocol that its agent speaks. */
  readonly protocol?: number;
  readonly files: Readonly<Record<'kernel' | 'initramfs' | 'root', { readonly size: number; readonly sha256: string }>>;
}

export interface ProtocolError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly fix: string;
  /** With 429, and with 503 when it is worth waiting. */
  readonly retryAfterSeconds?: number;
  /** With 409: the number of the event, or the byte of the log, to go on with. */
  readonly next?: number;
  /** With 503: what the steps of the sequence want and the server does not have. */
  readonly missing?: readonly { readonly id: string; readonly step: string; readonly message: string }[];
  /** With 426. */
  readonly lowest?: number;
  readonly highest?: number;
}

/** How far an upload has come. */
export interface UploadState {
  /** The first byte the server does not have. */
  readonly next: number;
  /** All of it is there, has the hash that was announced, and stands under its name. */
  readonly complete: boolean;
}
