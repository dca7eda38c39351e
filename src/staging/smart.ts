import { run } from '../host/process.ts';

/** What a disk says about its own health; all but `verdict` may be absent. */
export interface Health {
  readonly verdict: 'passed' | 'failing' | 'unknown';
  /** Why it is unknown, in smartctl's words. */
  readonly reason?: string;
  readonly hours?: number;
  /** Degrees Celsius. */
  readonly temperature?: number;
  /** Sectors the disk replaced (ATA), or its list of grown defects (SCSI). */
  readonly reallocated?: number;
  /** Sectors it could not read and will replace. */
  readonly pending?: number;
  /** Per cent of an SSD's life. */
  readonly used?: number;
  readonly mediaErrors?: number;
}

/** Asks the disk. A disk that cannot say, as most sticks cannot, is `unknown`. @throws BW-HOST-001 */
export async function diskHealth(path: string): Promise<Health> {
  // Its exit code is a set of bits, most of them about what the disk said.
  const everyCode = Array.from({ length: 256 }, (_, code) => code);
  const { stdout } = await run('smartctl', ['--json', '--info', '--health', '--attributes', path], {
    accept: everyCode,
    timeoutMilliseconds: 60_000,
  });
  return readHealth(stdout);
}

interface Report {
  readonly smartctl?: { readonly messages?: readonly { readonly string?: string }[] };
  readonly smart_status?: { readonly passed?: boolean };
  readonly power_on_time?: { readonly hours?: number };
  readonly temperature?: { readonly current?: number };
  readonly ata_smart_attributes?: {
    readonly table?: readonly { readonly id?: number; readonly raw?: { readonly value?: number } }[];
  };
  readonly nvme_smart_health_information_log?: {
    readonly percentage_used?: number;
    readonly media_errors?: number;
  };
  readonly scsi_grown_defect_list?: number;
}

/** Reads `smartctl --json`. */
export function readHealth(text: string): Health {
  let report: Report;
  try {
    report = JSON.parse(text) as Report;
  } catch {
    return { verdict: 'unknown', reason: 'smartctl gave no answer' };
  }
  const passed = report.smart_status?.passed;
  const raw = (id: number): number | undefined =>
    report.ata_smart_attributes?.table?.find((each) => each.id === id)?.raw?.value;
  const nvme = report.nvme_smart_health_information_log;
  const facts = {
    hours: report.power_on_time?.hours,
    temperature: report.temperature?.current,
    reallocated: raw(5) ?? report.scsi_grown_defect_list,
    pending: raw(197),
    used: nvme?.percentage_used,
    mediaErrors: nvme?.media_errors,
  };
  const known = Object.fromEntries(Object.entries(facts).filter(([, value]) => typeof value === 'number'));
  if (passed !== undefined) return { verdict: passed ? 'passed' : 'failing', ...known };
  const reason = report.smartctl?.messages?.[0]?.string?.replace(/^\/dev\/\S+: /, '') ?? 'it does not say';
  return { verdict: 'unknown', reason, ...known };
}

/** One clause for people. */
export function describeHealth(health: Health): string {
  const parts = [
    health.verdict === 'passed'
      ? 'healthy'
      : health.verdict === 'failing'
        ? 'FAILING'
        : `SMART unknown (${health.reason})`,
    ...(health.hours === undefined ? [] : [`${health.hours} h`]),
    ...(health.temperature === undefined ? [] : [`${health.temperature} °C`]),
    ...(health.reallocated ? [`${health.reallocated} sectors replaced`] : []),
    ...(health.pending ? [`${health.pending} sectors unreadable`] : []),
    ...(health.used === undefined ? [] : [`${health.used} % used`]),
    ...(health.mediaErrors ? [`${health.mediaErrors} media errors`] : []),
  ];
  return parts.join(', ');
}
