import { signerNames } from '../../formats/pe-signers.ts';
import { sbatEntries } from '../../formats/sbat.ts';
import type { AuditFinding } from '../../model/audit.ts';
import type { MediumReader } from '../medium/files.ts';
import { loaderFile, loadersOn, versionOf } from '../medium/loaders.ts';

/**
 * What firmware and shim refuse since May 2025 (rhboot/shim, SbatLevel_Variable.txt, 2025051000). Machines that got the
 * update take nothing below; machines that did not take everything.
 */
const leastGenerations: Readonly<Record<string, number>> = {
  shim: 4,
  grub: 5,
  'grub.debian': 4,
  'grub.peimage': 2,
};
const levelDate = 'May 2025';

/** Who signed the loaders of a medium, and whether up-to-date firmware still takes them. */
export async function firmwareFindings(medium: MediumReader): Promise<AuditFinding[]> {
  const findings: AuditFinding[] = [];
  for (const { path, what, bytes } of await loadersOn(medium)) {
    const subject = `${what} (${path})`;
    const signatures = signerNames(bytes);
    const entries = sbatEntries(bytes);
    const revoked = entries.filter(({ component, generation }) => generation < (leastGenerations[component] ?? 0));
    if (signatures.length === 0)
      findings.push({ severity: 'serious', subject, message: 'is not signed: no machine with Secure Boot starts it' });
    else
      findings.push({
        severity: 'note',
        subject,
        message: `${versionOf(entries) ?? 'of unknown version'}, signed by ${signersOf(signatures)}`,
      });
    for (const { component, generation } of revoked)
      findings.push({
        ...{ severity: 'serious', subject },
        message: `${component} ${generation} is refused by firmware with the revocations of ${levelDate}`,
        fix: 'Build the boot image again with current packages, and make the medium again.',
      });
    if (entries.length === 0 && signatures.length > 0)
      findings.push({ severity: 'warning', subject, message: 'has no SBAT: shim refuses it as a second loader' });
  }
  if (findings.length === 0)
    return [{ severity: 'serious', subject: 'loaders', message: 'the medium has none for UEFI' }];
  const bios = ['boot/grub/bios.img', 'boot/grub/core.img'].some((path) => loaderFile(medium, path) !== undefined);
  const starts = `x64 with UEFI${bios ? ' and BIOS' : ''}`;
  return [{ severity: 'note', subject: 'machines', message: starts }, ...findings];
}

/** The certificate authority closest to the firmware, of each signature. */
function signersOf(signatures: readonly (readonly string[])[]): string {
  const authorities = signatures.map(
    (names) => names.find((name) => /\bCA\b/.test(name) && !/Time|PCA/i.test(name)) ?? names[0] ?? 'nobody named',
  );
  return [...new Set(authorities)].join(' and ');
}
