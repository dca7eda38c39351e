import { type Audit, type AuditFinding, sortFindings } from '../../model/audit.ts';
import { BootwrightError } from '../../model/error.ts';
import type { Progress } from '../../model/progress.ts';
import { type OpenMedium, withMedium } from '../medium/open.ts';
import { verifySet } from '../medium/verify.ts';
import { volumeFactsOf } from '../volumes/read.ts';
import { firmwareFindings } from './firmware.ts';
import { auditMedium } from './medium.ts';
import type { AuditRequest } from './request.ts';

/** One answer to "may I hand this out?", with its reasons. */
export interface MediumCheck {
  readonly file: string;
  readonly light: 'green' | 'yellow' | 'red';
  /** Every byte was compared with what was signed. */
  readonly verified: boolean;
  /** Absent of a further disc of a medium: what protects it lies on the first. */
  readonly audit?: Audit;
  /** Of all three looks, the heaviest first. */
  readonly findings: readonly AuditFinding[];
}

/**
 * Verifies every byte, audits the protection and looks at the loaders.
 *
 * @throws BW-MEDIA-010, BW-MEDIA-011 not one of ours, BW-TRUST-001 to -003 the sealed part does not open
 */
export async function checkMedium(
  file: string,
  request: AuditRequest,
  progress: Progress,
  signal?: AbortSignal,
): Promise<MediumCheck> {
  const looked: Looked = await withMedium(file, async (medium) => ({
    ...((await volumeFactsOf(medium)) === undefined
      ? { audit: await auditMedium(medium, file, request), firmware: await firmwareFindings(medium) }
      : { firmware: [] }),
    bytes: await comparison(medium, file, request, progress, signal),
  }));
  const { audit, firmware, bytes } = looked;
  const findings = sortFindings([...bytes, ...(audit?.findings ?? []), ...firmware]);
  const worst = findings[0]?.severity;
  const light = worst === 'serious' ? 'red' : worst === 'warning' ? 'yellow' : 'green';
  return {
    file,
    light,
    verified: bytes.every(({ severity }) => severity === 'note'),
    findings,
    ...(audit && { audit }),
  };
}

interface Looked {
  readonly audit?: Audit;
  readonly firmware: AuditFinding[];
  readonly bytes: AuditFinding[];
}

async function comparison(
  medium: OpenMedium,
  file: string,
  { keys }: AuditRequest,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<AuditFinding[]> {
  const subject = 'every byte';
  if (keys.length === 0)
    return [
      {
        ...{ severity: 'warning', subject, message: 'was not compared: no key of the maker is known here' },
        fix: 'Give --key FILE.pub, or --site.',
      },
    ];
  try {
    const { findings, files, volumes = [] } = await verifySet(medium, file, keys, progress, signal);
    if (findings.length === 0)
      return [
        { severity: 'note', subject, message: `is what was signed, in ${files} files` },
        ...volumes
          .filter((volume) => volume.file === undefined)
          .map(({ number, expected }) => ({
            ...{ severity: 'warning' as const, subject: `volume ${number}` },
            message: 'was not compared: it is not beside this one',
            fix: `Put it there as ${expected}, or check its disc by itself.`,
          })),
      ];
    return findings.map(({ path, message, meaning }) => ({
      ...{ severity: 'serious' as const, subject: path, message: `${message} ${meaning}` },
    }));
  } catch (error) {
    if (!(error instanceof BootwrightError) || error.code === 'BW-HOST-006') throw error;
    return [{ severity: 'serious', subject, message: error.message, fix: error.fix }];
  }
}
