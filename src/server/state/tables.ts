import type { Generated } from 'kysely';

/** Times are ISO 8601 UTC; `*_json` holds what its name says. Bearers are kept as SHA-256 only. */
export interface Tables {
  machines: MachineTable;
  sessions: SessionTable;
  approvals: ApprovalTable;
  grants: GrantTable;
  content_lists: ContentListTable;
  runs: RunTable;
  run_events: RunEventTable;
  run_logs: RunLogTable;
  required_offers: RequiredOfferTable;
  reinstalls: ReinstallTable;
  unknown_grants: UnknownGrantTable;
  password_attempts: PasswordAttemptTable;
  verifiers: VerifierTable;
  enrolments: EnrolmentTable;
  settings: SettingTable;
}

export interface MachineTable {
  /** SMBIOS GUID in lower case; without a usable one the lowest MAC address. */
  key: string;
  name: string;
  /** `MachineRecord` */
  record_json: string;
  address: string;
  first_seen: string;
  last_seen: string;
}

export interface SessionTable {
  /** SHA-256 of the session's id, hex. */
  key: string;
  machine: string;
  state: 'waiting' | 'approved' | 'refused' | 'ended';
  release: 'none' | 'password' | 'approval' | 'refused';
  reason: string | null;
  code: string;
  /** `RegistrationRequest` */
  request_json: string;
  created: string;
  expires: string;
  /** Deployment whose password was proven in this session. */
  password_for: string | null;
  /** OPAQUE: what the server has to remember between its two messages, and for which deployment and attempt. */
  login_state: string | null;
  login_for: string | null;
  login_attempt: number | null;
  /** Base64; gone once it was answered, rightly or not. */
  tpm_challenge: string | null;
  /** 1: the enrolled TPM of this machine took part in this session. */
  tpm_proven: number;
}

export interface ApprovalTable {
  session: string;
  code: string;
  at: string;
}

export interface GrantTable {
  session: string;
  deployment: string;
  sequence: string;
  /** SHA-256 of each content item. */
  content_json: string;
  at: string;
}

/** The files of a package (docs/formats/policy.md, "Content"). */
export interface ContentListTable {
  sha256: string;
  text: string;
}

export interface RunTable {
  id: string;
  session: string;
  machine: string;
  deployment: string;
  sequence: string;
  state: 'running' | 'completed' | 'failed';
  started: string;
  changed: string;
  log_bytes: number;
}

export interface RunEventTable {
  run: string;
  /** Counts from 0, without gaps. */
  number: number;
  at: string;
  type: string;
  event_json: string;
}

export interface RunLogTable {
  run: string;
  position: number;
  bytes: Uint8Array;
}

/** The last required deployment that was served to a machine: it is not served again until cleared. */
export interface RequiredOfferTable {
  machine: string;
  origin: 'pxe' | 'media' | 'client';
  deployment: string;
  /** What the machine was then: as another device it may be served again. */
  name: string;
  at: string;
}

/** A device that is to be reinstalled at its next start; one row for each, the last one. */
export interface ReinstallTable {
  /** Name of the device in lower case. */
  device: string;
  name: string;
  sequence: string;
  armed: string;
  expires: string;
  /** When its start came, and the session of that. */
  served: string | null;
  session: string | null;
}

/** Unknown machines that were given a deployment: how many may get it is counted on, so this is never forgotten. */
export interface UnknownGrantTable {
  deployment: string;
  machine: string;
  at: string;
}

export interface PasswordAttemptTable {
  id: Generated<number>;
  machine: string;
  deployment: string;
  at: string;
}

export interface VerifierTable {
  deployment: string;
  /** OPAQUE registration record. */
  record: string;
  set_at: string;
}

/** A key that the TPM of a known machine keeps. */
export interface EnrolmentTable {
  machine: string;
  /** Name of the device record then: for another one the key is worth nothing. */
  device: string;
  /** Base64, raw Ed25519. */
  public_key: string;
  /** Base64, opaque here. */
  sealed: string;
  released_by: 'approval' | 'password';
  /** 1: Secure Boot was on, as the machine said. */
  secure_boot: number;
  enrolled: string;
  last_used: string | null;
}

/** Secrets of the server, the policy serial, and what `bootwright status` shows. */
export interface SettingTable {
  name: string;
  value: string;
}
