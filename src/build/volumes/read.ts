import { exists } from '../../host/files.ts';
import type { ManifestFile } from '../../model/medium.ts';
import {
  type ListedVolume,
  type VolumeFacts,
  type VolumeList,
  volumeFactsPath,
  volumeFormat,
  volumeListPath,
  volumesFormat,
} from '../../model/volumes.ts';
import { type MediumReader, parseJson, textOf } from '../medium/files.ts';
import type { Finding } from '../medium/finding.ts';
import { withMedium } from '../medium/open.ts';
import { volumeFile } from './layout.ts';

/** A disc that was looked for beside the first one. */
export interface VerifiedVolume {
  readonly number: number;
  /** Absent: it was not there. */
  readonly file?: string;
  /** Where it was looked for. */
  readonly expected: string;
}

/** Which disc of a medium this is, from the second on. */
export async function volumeFactsOf(medium: MediumReader): Promise<VolumeFacts | undefined> {
  const facts = (await smallJson(medium, volumeFactsPath)) as VolumeFacts | undefined;
  return facts?.format === volumeFormat && typeof facts.mediumId === 'string' ? facts : undefined;
}

/** What lies on the others, of a first disc. */
export async function volumeListOf(medium: MediumReader): Promise<VolumeList | undefined> {
  const list = (await smallJson(medium, volumeListPath)) as VolumeList | undefined;
  return list?.format === volumesFormat && Array.isArray(list.volumes) ? list : undefined;
}

async function smallJson(medium: MediumReader, path: string): Promise<unknown> {
  const file = medium.file(path);
  return file === undefined || file.size > 64 * 1024 * 1024 ? undefined : parseJson(await textOf(medium, file));
}

/** Verifies the discs that lie beside the first, and that they hold what its signed list says. */
export async function verifyVolumes(
  first: string,
  { volumes }: VolumeList,
  mediumId: string,
  verify: (file: string) => Promise<{ readonly mediumId: string; readonly findings: readonly Finding[] }>,
): Promise<{ readonly volumes: VerifiedVolume[]; readonly findings: Finding[] }> {
  const verified: VerifiedVolume[] = [];
  const findings: Finding[] = [];
  for (const volume of volumes) {
    const expected = volumeFile(first.replace(/-1(\.[^./]*)?$/, '$1'), volume.number);
    if (expected === first || !(await exists(expected))) {
      verified.push({ number: volume.number, expected });
      continue;
    }
    verified.push({ number: volume.number, file: expected, expected });
    const found = await verify(expected);
    findings.push(...found.findings.map((finding) => ({ ...finding, path: `${expected}: ${finding.path}` })));
    if (found.mediumId !== mediumId || !(await withMedium(expected, (medium) => holds(medium, volume))))
      findings.push({
        code: 'BW-MEDIA-155',
        path: expected,
        message: `It is not volume ${volume.number} of this medium.`,
        meaning: 'The agent refuses it.',
      });
  }
  return { volumes: verified, findings };
}

/** Its own manifest, which was verified, says the same as the list of the first disc. */
async function holds(medium: MediumReader, { number, files }: ListedVolume): Promise<boolean> {
  const facts = await volumeFactsOf(medium);
  const manifest = (await smallJson(medium, 'bootwright/manifest.json')) as { files?: readonly ManifestFile[] };
  const content = manifest.files?.filter(({ path }) => path.startsWith('bootwright/content/')) ?? [];
  const line = ({ path, size, sha256 }: ManifestFile): string => JSON.stringify([path, size, sha256]);
  return facts?.number === number && content.map(line).sort().join() === files.map(line).sort().join();
}
