import { stat } from '../../host/files.ts';
import type { Audit } from '../../model/audit.ts';
import { BootwrightError } from '../../model/error.ts';
import { withMedium } from '../medium/open.ts';
import { auditConfigMgr } from './configmgr.ts';
import { configMgrFilesAt, configMgrFilesOfIso } from './configmgr-files.ts';
import { auditMedium } from './medium.ts';
import type { AuditRequest } from './request.ts';

/**
 * Judges the protection of a medium of ours (ISO, USB image, stick) or of Configuration Manager (ISO, mounted folder, single
 * sealed file). Reads only.
 *
 * @throws BW-MEDIA-011 neither, BW-TRUST-001 to -003, BW-TRUST-091 wrong password
 */
export async function audit(path: string, request: AuditRequest): Promise<Audit> {
  const facts = await stat(path).catch(() => undefined);
  if (facts?.isDirectory() === true) return auditConfigMgr(await configMgrFilesAt(path), path, request);
  try {
    return await withMedium(path, async (medium) => {
      if (medium.file('bootwright/medium.json') !== undefined) return auditMedium(medium, path, request);
      const files = await configMgrFilesOfIso(medium);
      if (files !== undefined) return auditConfigMgr(files, path, request);
      throw new BootwrightError(
        'BW-MEDIA-011',
        `${path} is neither a medium of Bootwright nor one of Configuration Manager.`,
      );
    });
  } catch (error) {
    // What is no ISO may still be a variables.dat.
    if (!(error instanceof BootwrightError) || error.code !== 'BW-MEDIA-010') throw error;
    return auditConfigMgr(await configMgrFilesAt(path), path, request);
  }
}
