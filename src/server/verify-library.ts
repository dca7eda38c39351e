import { type DamagedBlob, type LibraryVerification, verifyLibrary } from '../content/library/verify.ts';
import { now, sleep } from '../host/clock.ts';
import type { VerifyInterval } from '../model/content.ts';
import type { SiteContentSettings } from '../site/site.ts';
import { readSetting, type State, writeSetting } from './state/state.ts';

/** What a server knows of its library; `bootwright status` shows it. */
export interface LibraryHealth {
  readonly every: VerifyInterval;
  readonly state: 'waiting' | 'verifying';
  /** Of the reading under way. */
  readonly bytes: number;
  readonly totalBytes: number;
  /** End of the last complete reading, ISO 8601 UTC, and what it found. */
  readonly verified?: string;
  readonly files?: number;
  readonly damaged: readonly DamagedBlob[];
  readonly unreadable: LibraryVerification['unreadable'];
}

export interface KeepVerified {
  readonly state: State;
  /** As the site says it now. */
  readonly settings: () => Pick<SiteContentSettings, 'library' | 'verify'>;
  readonly signal: AbortSignal;
  readonly onHealth: (health: LibraryHealth) => Promise<void>;
  /** A sentence for the operator. */
  readonly onDamage: (text: string) => void;
  /** Milliseconds; a server that has just begun has other things to do. */
  readonly firstAfter?: number;
}

const day = 24 * 3_600_000;
const intervals: Readonly<Record<VerifyInterval, number>> = {
  never: Number.POSITIVE_INFINITY,
  daily: day,
  weekly: 7 * day,
  monthly: 30 * day,
};
const lookEvery = 60_000;
const progressEvery = 2000;
/** One file at a time and far below what a disk gives: whoever is served meanwhile does not notice. */
const bytesPerSecond = 32 * 1024 * 1024;
const setting = 'content-verified';

type Stored = Pick<LibraryHealth, 'verified' | 'files' | 'damaged' | 'unreadable'>;

/** What the last reading found, also that of an earlier server. */
export async function lastHealth(state: State, every: VerifyInterval): Promise<LibraryHealth> {
  const stored = await readStored(state);
  return { every, state: 'waiting', bytes: 0, totalBytes: 0, ...stored };
}

/**
 * Reads the whole library when it is due, until the signal, and compares every file with its hash. What is damaged is moved
 * aside, so that nobody gets it. A reading that was broken off begins anew: only a complete one counts.
 */
export async function keepVerified(options: KeepVerified): Promise<void> {
  const { state, settings, signal, firstAfter = lookEvery } = options;
  await sleep(firstAfter, signal).catch(() => undefined);
  while (!signal.aborted) {
    try {
      const { verified } = await readStored(state);
      const due = verified === undefined ? 0 : Date.parse(verified) + intervals[settings().verify];
      // A clock that was wrong when it was verified would put it off for years.
      const isAhead = verified !== undefined && Date.parse(verified) > now().getTime() + day;
      if (settings().verify !== 'never' && (due <= now().getTime() || isAhead)) await verifyNow(options);
    } catch (error) {
      if (!signal.aborted) options.onDamage(`The content library could not be verified: ${(error as Error).message}`);
    }
    await sleep(lookEvery, signal).catch(() => undefined);
  }
}

async function verifyNow({ state, settings, signal, onHealth, onDamage }: KeepVerified): Promise<void> {
  const { library, verify: every } = settings();
  const before = await readStored(state);
  let [bytes, totalBytes, shown] = [0, 0, 0];
  const show = (): Promise<void> => onHealth({ every, state: 'verifying', bytes, totalBytes, ...before });
  const { blobs, damaged, unreadable } = await verifyLibrary(library, {
    ...{ bytesPerSecond, signal },
    onTotal: (total) => {
      totalBytes = total;
      void show().catch(() => undefined);
    },
    onBytes: (count) => {
      bytes += count;
      if (now().getTime() - shown < progressEvery) return;
      shown = now().getTime();
      void show().catch(() => undefined);
    },
  });
  const stored: Stored = { verified: now().toISOString(), files: blobs, damaged, unreadable };
  await writeSetting(state, setting, JSON.stringify(stored));
  await onHealth({ every, state: 'waiting', bytes, totalBytes, ...stored });
  for (const { sha256, state: found, usedBy } of damaged)
    onDamage(`Content ${sha256} is ${found} and not served any more; it is needed by ${usedBy.join(', ')}.`);
  for (const { file, reason } of unreadable) onDamage(`${file} cannot be read: ${reason}`);
}

async function readStored(state: State): Promise<Stored> {
  const text = await readSetting(state, setting);
  return text === undefined ? { damaged: [], unreadable: [] } : (JSON.parse(text) as Stored);
}
